#include "report/report.h"

void ns_report_known_defect(ns_json *json, ns_defect defect)
{
    const ns_defect_info *info = ns_defect_get_info(defect);
    ns_json_text(json, "known_defect", info->id);
    ns_json_text(json, "kind", ns_defect_kind_text(info->kind));
    ns_json_text(json, "what", info->what);
    ns_json_text(json, "avoided_by", info->avoid);
    ns_json_text(json, "options", info->options);
}
