/* One case of the page: its row, and below it verdict, stages, errors, sweep, graph and command stream. */
#include "report/internal.h"

#include <math.h>

#include "npuscope/sweep.h"

static const ns_stage_result *measured_stage(const ns_case_result *one, ns_stage stage)
{
    const ns_stage_result *found = ns_report_stage(one, stage);
    return found && found->measured ? found : NULL;
}

/* ---- the row ---- */

/* `steps`: the error that colours it. */
static void append_figure(ns_buffer *buffer, const char *title, const ns_stage_result *stage, double value,
                          const char *format, double steps)
{
    ns_buffer_format(buffer, "<span class=\"n %s\" data-label=\"%s\">", ns_page_heat_class(steps), title);
    if (stage)
        ns_html_number(buffer, value, format);
    else
        ns_html_append(buffer, "-");
    ns_html_append(buffer, "</span>");
}

static void append_row(ns_buffer *buffer, const ns_case_result *one)
{
    const ns_stage_result *quantised = measured_stage(one, NS_STAGE_QUANTISED),
                          *eval = ns_report_result_stage(one), *npu = measured_stage(one, NS_STAGE_NPU);
    eval = eval && eval->measured ? eval : NULL;
    ns_html_append(buffer, "<summary class=\"row\">");
    ns_html_verdict(buffer, one->verdict);
    ns_html_append(buffer, "<span class=\"name\"><b>");
    ns_html_text(buffer, one->op);
    ns_html_append(buffer, "</b> ");
    ns_html_text(buffer, one->name);
    ns_html_append(buffer, "</span><span class=\"target\">");
    ns_html_text(buffer, one->target);
    ns_html_append(buffer, "</span>");
    append_figure(buffer, "quantised", quantised, quantised ? quantised->max_steps : 0, "%.2f",
                  quantised ? quantised->max_steps : 0);
    append_figure(buffer, "eval", eval, eval ? eval->max_steps : 0, "%.2f", eval ? eval->max_steps : 0);
    append_figure(buffer, "mean", eval, eval ? eval->mean_steps : 0, "%.3f", eval ? eval->mean_steps : 0);
    append_figure(buffer, "dB", eval, eval ? eval->sqnr_db : 0, "%.1f", 0);
    ns_buffer_format(buffer, "<span class=\"n u\" data-label=\"npu\">%s</span></summary>",
                     !npu                       ? "-"
                     : npu->max_difference == 0 ? "exact"
                     : npu->beyond == 0         ? "within"
                                                : "differs");
}

/* ---- the stages ---- */

static void append_cell(ns_buffer *buffer, double value, const char *format)
{
    ns_html_append(buffer, "<td>");
    ns_html_number(buffer, value, format);
}

static void append_stage(ns_buffer *buffer, const ns_case_result *one, const ns_stage_result *stage)
{
    ns_buffer_format(buffer, "<tr><th scope=\"row\">%s<td>", ns_stage_text(stage->stage));
    ns_html_verdict(buffer, stage->verdict);
    if (!stage->measured || stage->stage == NS_STAGE_IDEAL) {
        ns_html_append(buffer, "<td class=\"why\" colspan=\"9\">");
        if (stage->stage == NS_STAGE_IDEAL) {
            ns_html_append(buffer, "from ");
            ns_html_number(buffer, one->minimum, "%.6g");
            ns_html_append(buffer, " to ");
            ns_html_number(buffer, one->maximum, "%.6g");
        } else if (stage->reason) {
            ns_html_text(buffer, stage->reason);
        }
        ns_html_append(buffer, "</tr>\n");
        return;
    }
    char index[128];
    append_cell(buffer, stage->max_steps, "%.4g");
    append_cell(buffer, stage->mean_steps, "%.4g");
    append_cell(buffer, stage->max_abs_error, "%.4g");
    append_cell(buffer, stage->sqnr_db, "%.1f");
    ns_buffer_format(buffer, "<td>%s ", ns_report_reference(stage));
    ns_html_number(buffer, stage->max_difference_steps, "%.4g");
    ns_buffer_format(
        buffer, "<td>%zu<td>%s", stage->beyond,
        ns_report_index(ns_report_output(one, stage), stage->worst_element, index, sizeof index));
    append_cell(buffer, stage->worst_ideal, "%.7g");
    append_cell(buffer, stage->worst_got, "%.7g");
    ns_html_append(buffer, "</tr>\n");
}

/* Why a stage failed though it gave a result, unless the case has said it, and the inputs that its worst
 * element comes from. */
static void append_why(ns_buffer *buffer, const ns_case_result *one, const ns_stage_result *stage)
{
    if (stage->verdict != NS_VERDICT_FAIL || !stage->measured || !stage->reason)
        return;
    ns_html_append(buffer, "<tr><td><td class=\"why\" colspan=\"10\">");
    if (!one->reason || strcmp(one->reason, stage->reason) != 0) {
        ns_html_text(buffer, stage->reason);
        ns_html_append(buffer, "; ");
    }
    if (!stage->operands)
        ns_html_append(buffer, "the inputs that the worst element comes from are not known");
    for (int i = 0; i < stage->operand_count; i++) {
        const ns_suite_operand *operand = &stage->operands[i];
        ns_html_append(buffer, i ? "; " : "the worst element comes from ");
        ns_html_text(buffer, operand->name);
        for (int k = 0; k < operand->shown; k++)
            ns_buffer_format(buffer, "%s%.7g", k ? ", " : " = ", operand->values[k]);
        if (operand->count > (size_t)operand->shown)
            ns_buffer_format(buffer, ", .. (%zu elements from %.7g to %.7g)", operand->count,
                             operand->minimum, operand->maximum);
    }
    ns_html_append(buffer, "</tr>\n");
}

static void append_codes(ns_buffer *buffer, const char *what, const ns_suite_codes *codes)
{
    if (codes->distinct)
        ns_buffer_format(buffer, "; %s: %zu codes from %lld to %lld", what, codes->distinct,
                         (long long)codes->minimum, (long long)codes->maximum);
}

/* What the row tests: scales at the floor, codes, and known defects of Vela that its graph meets. */
static void append_subject(ns_buffer *buffer, const ns_case_result *one)
{
    ns_html_append(buffer, "<p class=\"subject\">");
    ns_buffer_format(buffer, "%d of %d activation scales at the floor", one->floor_count, one->scale_count);
    append_codes(buffer, "inputs", &one->input_codes);
    append_codes(buffer, "outputs", &one->output_codes);
    ns_html_append(buffer, "</p>\n");
    for (int i = 0; i < one->defect_count; i++) {
        const ns_defect_info *info = ns_defect_get_info(one->defects[i]);
        ns_buffer_format(buffer, "<p class=\"subject\">known defect <b>%s</b> (%s): ", info->id,
                         ns_defect_kind_text(info->kind));
        ns_html_text(buffer, info->what);
        ns_html_append(buffer, "; avoided by: ");
        ns_html_text(buffer, *info->avoid ? info->avoid : "nothing known in the graph");
        if (*info->options) {
            ns_html_append(buffer, "; option ");
            ns_html_text(buffer, info->options);
        }
        ns_html_append(buffer, "</p>\n");
    }
}

static void append_stages(ns_buffer *buffer, const ns_case_result *one)
{
    ns_html_append(buffer,
                   "<div class=\"scroll\"><table class=\"stages\"><thead><tr><th>stage<th>verdict<th>max "
                   "steps<th>mean steps<th>max error<th>SQNR dB<th>from reference<th>beyond<th>worst at"
                   "<th>ideal<th>got</tr></thead><tbody>\n");
    for (int s = 0; s < one->stage_count; s++) {
        append_stage(buffer, one, &one->stages[s]);
        append_why(buffer, one, &one->stages[s]);
    }
    ns_html_append(buffer, "</tbody></table></div>\n");
}

/* The same graph compiled otherwise, where the NPU's result was not eval's. */
static void append_configurations(ns_buffer *buffer, const ns_case_result *one)
{
    static const char *const symbols[] = {[NS_AGREEMENT_AGREES] = "=",
                                          [NS_AGREEMENT_DIFFERS] = "\u2260",
                                          [NS_AGREEMENT_NOT_COMPILED] = "\u2013",
                                          [NS_AGREEMENT_NOT_RUN] = "\u2013"};
    if (one->configuration_count == 0)
        return;
    ns_buffer_format(buffer,
                     "<h2>The graph in other configurations of Vela, against eval%s%s</h2><div "
                     "class=\"scroll\"><table class=\"configurations\"><thead><tr><th>accelerator<th>"
                     "options<th>result<th>differing</tr></thead><tbody>\n",
                     one->suspect ? ": suspect is " : "", ns_suspect_text(one->suspect));
    for (int i = 0; i < one->configuration_count; i++) {
        const ns_configuration *tried = &one->configurations[i];
        ns_buffer_format(buffer, "<tr><th scope=\"row\">");
        ns_html_text(buffer, tried->accelerator);
        ns_html_append(buffer, "<td>");
        ns_html_text(buffer, tried->flags);
        const bool agrees = tried->agreement == NS_AGREEMENT_AGREES,
                   ran = agrees || tried->agreement == NS_AGREEMENT_DIFFERS;
        ns_buffer_format(buffer, "<td class=\"%s\">%s ",
                         agrees ? "pass"
                         : ran  ? "fail"
                                : "skipped",
                         symbols[tried->agreement]);
        ns_html_text(buffer, ran ? ns_agreement_text(tried->agreement) : tried->reason ? tried->reason : "");
        ns_html_append(buffer, "<td>");
        if (ran)
            ns_buffer_format(buffer, "%zu", tried->differing);
        ns_html_append(buffer, "</tr>\n");
    }
    ns_html_append(buffer, "</tbody></table></div>\n");
}

static void append_histograms(ns_buffer *buffer, const ns_case_result *one)
{
    bool any = false;
    for (int s = 0; s < one->stage_count && one->scale > 0; s++) {
        const ns_stage_result *stage = &one->stages[s];
        if (!stage->measured || stage->stage == NS_STAGE_IDEAL)
            continue;
        if (!any)
            ns_html_append(buffer, "<h2>Elements by error against ideal, in steps</h2><div class=\"plots\">");
        any = true;
        ns_buffer_format(buffer, "<figure class=\"histogram\" data-stage=\"%s\"><figcaption><b>%s</b>",
                         ns_stage_text(stage->stage), ns_stage_text(stage->stage));
        if (stage->stage == NS_STAGE_NPU && stage->max_difference == 0)
            ns_html_append(buffer, " equals eval in every element");
        ns_html_append(buffer, "</figcaption>");
        ns_html_histogram(buffer, stage->bins, "elements");
        ns_html_append(buffer, "</figure>\n");
    }
    if (any)
        ns_html_append(buffer, "</div>\n");
}

static void append_details(ns_buffer *buffer, const ns_case_details *details, const char *vela_missing)
{
    if (details->sweep)
        ns_html_sweep(buffer, details->sweep, vela_missing);
    if (details->sweep_problem) {
        ns_html_append(buffer, "<p>no sweep: ");
        ns_html_text(buffer, details->sweep_problem);
        ns_html_append(buffer, "</p>\n");
    }
    if (details->node_count) {
        ns_buffer_format(
            buffer,
            "<details class=\"part graph\"%s><summary>TOSA graph<small>%d boxes, constants inside "
            "them</small></summary>",
            details->node_count <= 16 ? " open" : "", details->node_count);
        ns_html_graph(buffer, details);
        ns_html_append(buffer, "</details>\n");
    }
    if (details->stream) {
        int lines = 0;
        for (const char *p = details->stream; *p; p++)
            lines += *p == '\n';
        ns_buffer_format(buffer,
                         "<details class=\"part stream\"><summary>command stream<small>%d "
                         "lines</small></summary><pre tabindex=\"0\">",
                         lines);
        ns_html_lines(buffer, details->stream);
        ns_html_append(buffer, "</pre></details>\n");
    }
}

/* A word of a command line, in quotes where a shell would not take it for one word. */
static void append_word(ns_buffer *buffer, const char *option, const char *word)
{
    const bool plain =
        *word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:=/-")];
    ns_buffer_format(buffer, " <span>--%s %s", option, plain ? "" : "'");
    for (; *word; word++)
        ns_html_text(buffer, *word == '\'' ? "'\\''" : (const char[]){*word, 0});
    ns_html_append(buffer, plain ? "</span>" : "'</span>");
}

/* Cases of one's own stand in a folder or a zip file, which is what --cases takes: not what lies in the zip.
 */
static void append_source(ns_buffer *buffer, const ns_suite_result *result, const ns_case_result *one)
{
    char where[1024];
    if (!one->where) {
        append_word(buffer, "catalogue", result->catalogue);
        return;
    }
    snprintf(where, sizeof where, "%s", one->where);
    char *inside = strstr(where, ".zip/");
    if (inside)
        inside[strlen(".zip")] = 0;
    append_word(buffer, "cases", where);
    append_word(buffer, "catalogue", NS_NO_CATALOGUE);
}

static void append_facts(ns_buffer *buffer, const ns_suite_result *result, const ns_case_result *one)
{
    char shape[128];
    if (one->reason) {
        ns_buffer_format(buffer, "<p class=\"reason %s\">", ns_verdict_text(one->verdict));
        if (one->verdict == NS_VERDICT_FAIL)
            ns_buffer_format(buffer, "<b>at fault: %s</b> ", ns_stage_blame(one->at_fault));
        ns_html_text(buffer, one->reason);
        ns_html_append(buffer, "</p>");
    }
    ns_buffer_format(buffer, "<p>output %s", ns_tensor_describe(&one->output, shape, sizeof shape));
    if (one->scale > 0)
        ns_buffer_format(buffer, ", one step is %.6g", one->scale);
    ns_html_append(buffer, "; ");
    ns_html_text(buffer, one->accelerator);
    ns_buffer_format(buffer, "; tolerance %g steps + %g + %g |reference|</p><p><code>", one->settings.qtol,
                     one->settings.atol, one->settings.rtol);
    ns_html_append(buffer, "npuscope suite");
    append_source(buffer, result, one);
    append_word(buffer, "op", one->op);
    append_word(buffer, "case", one->name);
    append_word(buffer, "target", one->target);
    ns_buffer_format(buffer,
                     " <span>--seed %llu</span> <span>--qtol %.12g</span> <span>--atol %.12g</span> "
                     "<span>--rtol %.12g</span> <span>--epsilon %.12g</span> <span>--weights %s</span>",
                     (unsigned long long)one->seed, one->settings.qtol, one->settings.atol,
                     one->settings.rtol, one->settings.epsilon,
                     one->settings.per_channel ? "per-channel" : "per-tensor");
    ns_html_append(buffer, "</code></p>\n");
}

void ns_html_case(ns_buffer *buffer, const ns_suite_result *result, int index)
{
    const ns_case_result *one = &result->cases[index];
    const char *const words[] = {one->op,
                                 one->name,
                                 one->target,
                                 one->accelerator,
                                 one->reason ? one->reason : "",
                                 one->verdict == NS_VERDICT_FAIL ? ns_stage_blame(one->at_fault) : ""};
    char anchor[256];
    ns_html_append(buffer, "<details class=\"case\" id=\"");
    ns_html_text(buffer, ns_html_anchor(result, index, anchor, sizeof anchor));
    ns_buffer_format(buffer, "\" data-verdict=\"%s\" data-op=\"", ns_verdict_text(one->verdict));
    ns_html_text(buffer, one->op);
    ns_html_append(buffer, "\" data-target=\"");
    ns_html_text(buffer, one->target);
    ns_html_append(buffer, "\" data-words=\"");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        ns_html_text(buffer, words[i]);
        ns_html_append(buffer, " ");
    }
    ns_html_append(buffer, "\">");
    append_row(buffer, one);
    ns_html_append(buffer, "<div class=\"body\">");
    append_facts(buffer, result, one);
    append_subject(buffer, one);
    append_stages(buffer, one);
    append_configurations(buffer, one);
    append_histograms(buffer, one);
    if (one->details)
        append_details(buffer, one->details, result->vela_missing);
    ns_html_append(buffer, "</div></details>\n");
}
