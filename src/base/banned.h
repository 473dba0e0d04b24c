/*
 * Functions that have no place in this code, made compile errors. Forced into every source file by
 * the build. The replacement stands behind each name.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat stpcpy /* struct buf */
#pragma GCC poison sprintf vsprintf /* buf_printf, snprintf */
#pragma GCC poison strtok strtok_r /* str_cut */
#pragma GCC poison atoi atol atoll /* number_parse_* */
#pragma GCC poison localtime gmtime asctime ctime /* base/time.h */
#pragma GCC poison system popen /* sys/process.h */
#undef alloca
#pragma GCC poison alloca

#endif
