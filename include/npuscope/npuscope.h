/* All of npuscope's public headers. */
#ifndef NPUSCOPE_NPUSCOPE_H
#define NPUSCOPE_NPUSCOPE_H

#include "npuscope/arena.h"
#include "npuscope/budget.h"
#include "npuscope/compare.h"
#include "npuscope/cpu.h"
#include "npuscope/defects.h"
#include "npuscope/diagnose.h"
#include "npuscope/eval.h"
#include "npuscope/fuzz_vela.h"
#include "npuscope/graph.h"
#include "npuscope/measure.h"
#include "npuscope/model.h"
#include "npuscope/npu.h"
#include "npuscope/program.h"
#include "npuscope/quant.h"
#include "npuscope/report.h"
#include "npuscope/search.h"
#include "npuscope/status.h"
#include "npuscope/suite.h"
#include "npuscope/sweep.h"
#include "npuscope/tensor.h"
#include "npuscope/vela.h"
#include "npuscope/vela_debug.h"
#include "npuscope/vela_diff.h"
#include "npuscope/version.h"

#endif
