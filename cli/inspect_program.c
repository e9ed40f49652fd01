/* npuscope inspect: ExecuTorch programs. */
#include "inspect.h"

#include "program/interface.h"

ns_code ns_inspect_program(ns_cli *cli, bool json, const char *method, ns_bytes bytes, ns_error *error)
{
    ns_program *program;
    ns_buffer text = {.arena = cli->arena};
    NS_TRY(ns_program_read_method(bytes.data, bytes.size, method, NS_ACCELERATOR_UNKNOWN, cli->arena,
                                  &program, error));
    NS_TRY(json ? ns_program_inspect_json(program, &text, error)
                : ns_program_inspect_text(program, &text, error));
    fwrite(text.data, 1, text.size, cli->out);
    return NS_OK;
}
