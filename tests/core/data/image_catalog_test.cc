#include "core/data/image_catalog.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "core/base/error.h"

namespace scgan {
namespace {

ImageCatalog example() {
  ImageCatalog catalog;
  catalog.digest = "digest";
  catalog.is_float = true;
  catalog.names[Split::kTrainA] = {"a", "b\n:7"};
  catalog.checksums[Split::kTrainA] = {1, UINT64_MAX};
  catalog.names[Split::kTrainB] = {std::string("c\0d", 3)};
  catalog.checksums[Split::kTrainB] = {3};
  catalog.names[Split::kTestB] = {""};
  catalog.checksums[Split::kTestB] = {4};
  catalog.range = {{{0, 255}, {0.1, 1e300}, {-3, 4}}};
  return catalog;
}

TEST(ImageCatalogTest, CanBeReadBackFromItsBytes) {
  const ImageCatalog catalog = example();
  const ImageCatalog back = catalog_from_bytes(to_bytes(catalog, "pixels"), "pixels", "digest");
  EXPECT_EQ(back.digest, catalog.digest);
  EXPECT_EQ(back.is_float, catalog.is_float);
  EXPECT_EQ(back.names, catalog.names);
  EXPECT_EQ(back.checksums, catalog.checksums);
  EXPECT_EQ(back.range, catalog.range);
}

TEST(ImageCatalogTest, OtherLengthsAndOtherDataAreRefused) {
  const std::string bytes = to_bytes(example(), "pixels");
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(catalog_from_bytes(bytes.substr(0, length), "pixels", "digest"), Error) << length;
  }
  EXPECT_THROW(catalog_from_bytes(bytes + "x", "pixels", "digest"), Error);
  EXPECT_THROW(catalog_from_bytes(bytes, "other pixels", "digest"), Error);
  EXPECT_THROW(catalog_from_bytes(bytes, "pixels", "other digest"), Error);
}

TEST(ImageCatalogTest, LayoutPutsSplitsOnPages) {
  DatasetSpec spec;
  spec.image_size = 64;
  spec.load_size = 70;
  spec.tiles = 2;
  const ImageLayout layout(spec, example());  // float
  EXPECT_EQ(layout[Split::kTrainA].begin, 0U);
  EXPECT_EQ(layout[Split::kTrainA].offset(1), size_t{4 * 3 * 70 * 70});
  EXPECT_EQ(layout[Split::kTrainB].begin, size_t{29 * 4096});  // of 2 fields: 117,600 bytes
  EXPECT_EQ(layout[Split::kTestA].begin, layout[Split::kTestB].begin);  // no field
  EXPECT_EQ(layout[Split::kTestB].field_bytes, size_t{4 * 3 * 128 * 128});
  EXPECT_EQ(layout.end() % 4096, 0U);
}

}  // namespace
}  // namespace scgan
