#include <nlohmann/json.hpp>

#include "sweeps/run/coordinator.h"
