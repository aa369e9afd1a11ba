// NumPy's array file format (.npy) and its archives (.npz: a zip file of .npy members), as far as
// arrays of floating point numbers go. Knows no tensors.
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
  std::vector<double> values;  // in C order: the last index runs fastest
};

// `bytes` of a whole .npy file, of version 1 to 3, little-endian float64 or float32, in C or
// Fortran order; `name` is for messages. Throws Error(kData) for anything else, before memory is
// asked for that the bytes do not fill.
NpyArray parse_npy(std::string_view bytes, const std::string& name);

// The arrays `wanted` of a whole .npz file, stored or deflated, under their names without ".npy".
// Other members are not looked into. Throws Error(kData): no zip file, damaged (CRC-32), encrypted,
// zip64 (4 GiB and more), an array missing (named together with those that are there), or one of
// more than 1 GiB.
std::map<std::string, NpyArray> parse_npz(std::string_view bytes, const std::string& name,
                                          const std::vector<std::string>& wanted);

// float64 in C order, version 1. Throws std::invalid_argument when the shape does not fit.
std::string to_npy(const NpyArray& array);

// Stored, not deflated; without times: same arrays, same bytes. numpy.load reads it. Throws
// Error(kStorage) for arrays of 2 GiB and more.
std::string to_npz(const std::vector<std::pair<std::string, NpyArray>>& arrays);

}  // namespace scgan
