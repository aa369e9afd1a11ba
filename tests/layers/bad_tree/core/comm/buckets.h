#pragma once

#include "core/comm/sum.h"
