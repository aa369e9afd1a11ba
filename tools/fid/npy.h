// NumPy's array file format (.npy) and its archives (.npz: a zip file of .npy members), for arrays
// of floating point numbers. Does not depend on LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scgan {

struct NpyArray {
  std::vector<int64_t> shape;
  std::vector<double> values;  // in C order: the last index varies fastest
};

// Parses the bytes of a .npy file of version 1 to 3, little-endian float64 or float32, in C or
// Fortran order; `name` is for messages. Throws Error(kData) for anything else. Never allocates
// more than the bytes can fill.
NpyArray parse_npy(std::string_view bytes, const std::string& name);

// Parses the arrays `wanted` of a .npz file, stored or deflated, under their names without ".npy".
// Ignores other members. Throws Error(kData) for a file that is not a zip archive, is damaged
// (CRC-32), encrypted or zip64 (4 GiB and more), for a missing array (the message lists those that
// exist) and for one of more than 1 GiB.
std::map<std::string, NpyArray> parse_npz(std::string_view bytes, const std::string& name,
                                          const std::vector<std::string>& wanted);

// Writes float64 in C order, version 1. Throws std::invalid_argument when shape and number of
// values do not match.
std::string to_npy(const NpyArray& array);

// Writes an archive that numpy.load reads. It is stored, not deflated, and has no times, so the
// same arrays make the same bytes. Throws Error(kStorage) for arrays of 2 GiB and more.
std::string to_npz(const std::vector<std::pair<std::string, NpyArray>>& arrays);

}  // namespace scgan
