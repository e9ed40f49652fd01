#include <string.h>

#include "npuscope/vela.h"

const char *ns_vela_flags(ns_accelerator accelerator)
{
    const char *text = ns_accelerator_text(accelerator);
    if (strncmp(text, "ethos-u55", 9) == 0)
        return "--config=Arm/vela.ini --system-config=Ethos_U55_High_End_Embedded --memory-mode=Shared_Sram "
               "--arena-cache-size=2097152";
    if (strncmp(text, "ethos-u65", 9) == 0)
        return "--config=Arm/vela.ini --system-config=Ethos_U65_High_End --memory-mode=Dedicated_Sram_384KB "
               "--arena-cache-size=393216";
    return "--config=Arm/vela.ini --system-config=Ethos_U85_SYS_DRAM_Mid --memory-mode=Shared_Sram "
           "--arena-cache-size=2097152";
}
