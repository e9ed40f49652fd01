// Does the NPU compute what the graph says? Compares a stream of Vela with the graph it was made of, on random
// integers, in several threads: each has models, arenas and a budget of its own.
//
//   threads GRAPH.tosa STREAM.npz THREADS
#include <npuscope/npuscope.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace
{
struct Free {
    void operator()(ns_model *model) const { ns_model_free(model); }
    void operator()(ns_arena *arena) const { ns_arena_free(arena); }
};
using Model = std::unique_ptr<ns_model, Free>;
using Arena = std::unique_ptr<ns_arena, Free>;

void check(ns_code code, const ns_error &error)
{
    if (code != NS_OK)
        throw std::runtime_error(error.message);
}

Model load(const char *path, ns_budget &budget)
{
    ns_error error;
    ns_model *model = nullptr;
    check(ns_model_open(path, NS_ACCELERATOR_UNKNOWN, &budget, &model, &error), error);
    return Model(model);
}

/* The first output, as doubles, of int16 inputs. */
std::vector<double> run(ns_model *model, const std::vector<std::vector<int16_t>> &inputs, ns_budget &budget)
{
    ns_error error;
    Arena arena(ns_arena_new_within(&budget));
    ns_model_options options{};
    options.size = sizeof options;
    options.cpu_mask = ns_cpu_detect();
    options.budget = &budget;
    std::vector<const void *> in, out(static_cast<size_t>(ns_model_output_count(model)));
    for (const auto &input : inputs)
        in.push_back(input.data());
    check(ns_model_run(model, &options, in.data(), 1, arena.get(), out.data(), nullptr, &error), error);
    const auto *values = static_cast<const int16_t *>(out[0]);
    return {values, values + ns_model_output(model, 0)->bytes / sizeof *values};
}

size_t differences(const char *graph_path, const char *stream_path, unsigned seed, int rounds)
{
    ns_budget budget;
    ns_budget_open(&budget, 0, 0, 60);
    const Model graph = load(graph_path, budget), stream = load(stream_path, budget);
    std::mt19937 random(seed);
    std::vector<std::vector<int16_t>> inputs(static_cast<size_t>(ns_model_input_count(graph.get())));
    size_t found = 0;
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < inputs.size(); i++) {
            const ns_model_tensor *tensor = ns_model_input(graph.get(), static_cast<int>(i));
            if (tensor->scalar != NS_SCALAR_INT16)
                throw std::runtime_error("this example takes int16 inputs");
            inputs[i].resize(tensor->bytes / sizeof(int16_t));
            for (auto &value : inputs[i])
                value = static_cast<int16_t>(static_cast<int>(random() & 0xffff) - 32768);
        }
        const auto a = run(stream.get(), inputs, budget), b = run(graph.get(), inputs, budget);
        const ns_tolerance exact{};
        ns_comparison comparison;
        ns_compare_arrays(&exact, b.size(), a.data(), b.data(), &comparison);
        found += comparison.differences;
    }
    return found;
}
} // namespace

int main(int argc, char **argv)
{
    if (argc != 4)
        return std::fprintf(stderr, "usage: threads GRAPH.tosa STREAM.npz THREADS\n"), 2;
    const size_t count = std::strtoul(argv[3], nullptr, 10);
    std::vector<std::thread> threads;
    std::vector<size_t> found(count);
    std::vector<std::string> failures(count);
    for (size_t i = 0; i < count; i++)
        threads.emplace_back([&, i] {
            try {
                found[i] = differences(argv[1], argv[2], static_cast<unsigned>(i), 10);
            } catch (const std::exception &failure) {
                failures[i] = failure.what();
            }
        });
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        threads[i].join();
        total += found[i];
        if (!failures[i].empty())
            return std::fprintf(stderr, "thread %zu: %s\n", i, failures[i].c_str()), 2;
    }
    std::printf("%zu threads, 10 rounds each: %zu elements differ\n", count, total);
    return total ? 1 : 0;
}
