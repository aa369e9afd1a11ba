// Finds TIFF files that hold more images than they have pages: stacks behind one directory, as
// ImageJ, tifffile, MetaMorph and others write them, of which libtiff sees the first image only.
#pragma once

#include <cstdint>
#include <string_view>

namespace scgan {

// The size of the image that libtiff sees.
struct TiffPage {
  int64_t height = 0, width = 0, channels = 0;
};

// Returns how many images of that size the tag ImageDescription names: ImageJ's "images=5",
// tifffile's {"shape": [5, 64, 64]}, the planes of OME-XML. 1 if it names none, if its shape is not
// that of the page (a program changed the image and kept the text), or if OME-XML says that the
// planes are in several files.
int64_t described_images(std::string_view description, const TiffPage& page);

struct TiffLayout {
  // Bytes of the file that no directory refers to.
  uint64_t unreferenced = 0;
  // The number of planes in MetaMorph's tag UIC2; 1 without it.
  uint64_t metamorph_planes = 1;
  // Whether a sub-directory (SubIFDs) holds an image that is neither marked as reduced nor smaller
  // than that of its page.
  bool has_other_image = false;
};

// Accepts bytes of any origin.
TiffLayout tiff_layout(std::string_view bytes);

}  // namespace scgan
