# cmake -DCHECK=<check_layers.cmake> -DTREE=<bad_tree> -P expect_violations.cmake
# The check has to fail on the bad tree with exactly these lines: a check that lets everything pass would go unnoticed.
cmake_minimum_required(VERSION 3.25)
set(expected
  "core/model/knows_too_much.h: a header begins with #pragma once"
  "core/model/knows_too_much.h:1: core/model may not know MPI (only fmt, torch, nlohmann)"
  "core/model/knows_too_much.h:2: core/model may not know NCCL (only fmt, torch, nlohmann)"
  "core/model/knows_too_much.h:8: core/model may not include results (only core/model, core/base, core/spec)"
  "core/model/knows_too_much.h:9: \"sibling.h\" is no full path from the root into a folder of the table"
  "core/unplanned/file.cc: lies in no folder of the table"
  "results/report.cc:4: results may not know CUDA (only fmt, SQLite, nlohmann)"
  "results/report.cc:5: SQLite is known to ^results/sqlite\\.(h|cc)$ alone"
  "results/report.cc:7: <boost/any.hpp> belongs to no library of the table"
  "sweeps/plan/expand.cc:1: sweeps/plan may not know nlohmann (only fmt, yaml-cpp)"
  "sweeps/plan/expand.cc:3: sweeps/plan may not include sweeps/run (only sweeps/plan, core/base, core/spec)"
  "CMake Error at")
list(JOIN expected "\n" expected)

execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${TREE} -P ${CHECK}
                RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(FIND "${output}" "${expected}" position)
if(status EQUAL 0 OR NOT position EQUAL 0)
  message(FATAL_ERROR "expected a failure and\n${expected}\ngot ${status} and\n${output}")
endif()
