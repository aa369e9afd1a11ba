#include "core/comm/buckets.h"

#include "core/comm/ring.h"
