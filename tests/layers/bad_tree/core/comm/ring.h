#pragma once

#include "core/comm/buckets.h"
