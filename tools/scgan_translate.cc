// scgan_translate: translates a folder of images with a trained generator.
#include <c10/core/Device.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/exit_code.h"
#include "core/model/generator_file.h"
#include "tools/cli.h"
#include "tools/device.h"
#include "tools/translate/translate.h"

namespace {

constexpr scgan::tools::Program kProgram{
    "scgan_translate", "Translates the images of a folder with a trained generator.",
    "WEIGHTS: netG_A.safetensors or netG_B.safetensors of a run, a checkpoint, or a published "
    "CycleGAN generator as safetensors.\n"
    "Examples:\n"
    "  scgan_translate netG_A.safetensors images/testA translated\n"
    "  scgan_translate checkpoint-00000100.safetensors images/testB translated --direction BtoA\n"
    "  scgan_translate netG_A.safetensors plates translated --size 256 --tiles\n"
    "  scgan_translate published.safetensors plates16 translated --bits 16 --percentile 0.1,99.9\n"
    "Weights of this project know how their images were read in training, and images are read in "
    "the same way: the range of raw values, the size, the tiles.\n"
    "Exit codes: 0 all images written, 1 some could not be read, 2 bad flags or input, 3 output or "
    "device lost."};

struct Options {
  std::filesystem::path weights, input, output;
  std::string direction, split;
  std::vector<double> percentile;
  scgan::tools::DeviceOptions device;
  bool quiet = false;
  scgan::TranslateOptions translate;
};

void add_options(CLI::App& app, Options& options) {
  auto& translate = options.translate;
  app.add_option("WEIGHTS", options.weights, "Generator (safetensors)")->required();
  app.add_option("INPUT", options.input,
                 "Folder of images (PNG, JPEG, TIFF), or a CSV file as for data.kind manifest")
      ->required();
  app.add_option("OUT_DIR", options.output, "Folder for PNG files of the same names")->required();
  app.add_option("--direction", options.direction,
                 "AtoB or BtoA: which generator of a checkpoint that holds both [AtoB]; checked "
                 "against the weights if they hold one")
      ->check(CLI::IsMember({"AtoB", "BtoA"}).description(""))
      ->type_name("NAME");
  app.add_option("--size", translate.size,
                 "Resize images to N x N pixels first [as test images were in training; foreign "
                 "weights: keep their size]")
      ->type_name("N");
  app.add_option("--split", options.split,
                 "The rows of a CSV file to translate: trainA, trainB, testA or testB [the test "
                 "rows of the domain that the generator translates]")
      ->check(CLI::IsMember({"trainA", "trainB", "testA", "testB"}).description(""))
      ->type_name("NAME");
  app.add_flag("--keep-size", translate.keep_size, "Do not resize images");
  app.add_flag("--tiles", translate.tiles,
               "Keep the size and translate in squares of --size N pixels, which are blended");
  app.add_option("--overlap", translate.overlap,
                 "With --tiles: pixels that neighbouring squares share [a quarter of --size]")
      ->type_name("N");
  app.add_option("--bits", translate.bits, "Bits per channel of the files written: 8 or 16 [8]")
      ->check(CLI::IsMember({"8", "16"}).description(""))
      ->type_name("N");
  app.add_flag("--intensities", translate.intensities,
               "Write raw values on the scale of the input files, at their depth, instead of grey "
               "levels from black to white");
  app.add_option("--percentile", options.percentile,
                 "Percentiles of the folder that become black and white, e.g. 0.1,99.9 [as in "
                 "training; foreign weights: the full range of the type]")
      ->delimiter(',')
      ->expected(2)
      ->type_name("LOW,HIGH");
  app.add_flag("--force", translate.force, "Replace existing files");
  app.add_flag("--quiet", options.quiet, "No progress");
  scgan::tools::add_device_options(app, options.device);
}

// One line of the terminal, rewritten each time.
void show_progress(int64_t done, int64_t total) {
  fmt::print(stderr, "\r{} of {} images{}", done, total, done == total ? "\n" : "");
  std::fflush(stderr);
}

std::string description_of(const scgan::LoadedGenerator& loaded, const Options& options) {
  return fmt::format("{}: {}generator of width {} with {} blocks", options.weights.string(),
                     loaded.which.empty() ? "" : loaded.which + ", ", loaded.shape.width,
                     loaded.shape.blocks);
}

scgan::Split split_of(const std::string& name, std::optional<scgan::Direction> direction) {
  for (const scgan::Split split : scgan::kSplits) {
    if (name == to_string(split)) return split;
  }
  return direction == scgan::Direction::kBtoA ? scgan::Split::kTestB : scgan::Split::kTestA;
}

// Black and white, and the size of the images.
std::string preparation_of(const scgan::TranslateOptions& options) {
  std::string text = "black and white are the ends of the range of each file's type";
  if (options.percentile) {
    text = fmt::format("black and white are the percentiles {:g} and {:g} of this folder",
                       (*options.percentile)[0], (*options.percentile)[1]);
    if (options.input) text += ", not those of the training images";
  } else if (options.input && options.input->is_fitted) {
    const auto& [red, green, blue] = options.input->range;
    text = fmt::format(
        "black and white are those of the training images, in raw values: red {:g} to {:g}, green "
        "{:g} to {:g}, blue {:g} to {:g}",
        red[0], red[1], green[0], green[1], blue[0], blue[1]);
  }
  const auto [side, tiling] = scgan::translated_size(options);
  if (side > 0) text += fmt::format("; images are resized to {} x {} pixels", side, side);
  if (tiling.side > 0) {
    text += fmt::format("; tiles of {} x {} pixels", tiling.side, tiling.side);
    if (tiling.overlap > 0) text += fmt::format(" that share {} or more", tiling.overlap);
  }
  return text;
}

int run(Options& options) {
  using scgan::tools::print_error;
  if (!options.percentile.empty()) {
    options.translate.percentile = {options.percentile[0], options.percentile[1]};
  }
  const c10::Device device = scgan::tools::use_device(options.device);
  std::optional<scgan::Direction> direction;
  if (options.direction == "AtoB") direction = scgan::Direction::kAtoB;
  if (options.direction == "BtoA") direction = scgan::Direction::kBtoA;
  const scgan::LoadedGenerator loaded = scgan::load_generator(options.weights, direction);
  loaded.network->to(device);
  options.translate.input = loaded.input;
  options.translate.split = split_of(options.split, loaded.direction);
  if (!options.quiet) {
    print_error(kProgram, description_of(loaded, options));
    print_error(kProgram, preparation_of(options.translate));
  }
  for (const std::string& note : loaded.notes) print_error(kProgram, "note: " + note);
  const bool live = !options.quiet && isatty(STDERR_FILENO) != 0;
  const auto result =
      scgan::translate_folder(*loaded.network, options.input, options.output, options.translate,
                              [live](int64_t done, int64_t total) {
                                if (live) show_progress(done, total);
                              });
  const std::string skipped = to_string(result.skipped);
  if (!skipped.empty()) print_error(kProgram, skipped);
  for (const std::string& failure : result.failures) print_error(kProgram, failure);
  scgan::tools::print(fmt::format(
      "{} image{} written to {}{}\n", result.written, result.written == 1 ? "" : "s",
      options.output.string(),
      result.failures.empty() ? "" : fmt::format(", {} failed", result.failures.size())));
  return result.failures.empty() ? scgan::kExitDone : scgan::kExitSomeFailed;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return scgan::tools::run_program(
      kProgram, argc, argv, [&](CLI::App& app) { add_options(app, options); },
      [&] { return run(options); });
}
