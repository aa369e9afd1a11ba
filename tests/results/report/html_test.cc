// The page for a document made by hand. What a browser makes of it: tests/results/report/browser.
#include "results/report/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "results/figures/svg.h"
#include "results/report/html_page.h"

namespace scgan::results {
namespace {

using testing::HasSubstr;
using testing::Not;

Table one_run(const std::string& id) { return {.columns = {{"run"}}, .rows = {{id}}}; }

Document full_document() {
  Section section{
      .heading = "cells: FID, AtoB",
      .facts = {"a fact"},
      .table = {.columns = {{"model"}}, .rows = {{"in the table"}}},
      .comparisons = {.columns = {{"models"}}, .rows = {{"in the comparison"}}},
      .aggregates = {.columns = {{"mean"}}, .rows = {{"in the aggregates"}}},
      .notes = {"a note"},
      .figures = {{.name = "plot", .caption = "", .alt = "an alt text", .svg = "<svg/>"}}};
  return {.title = "Sweep report: <cells>",
          .completeness = "1 of 2 runs done",
          .verdicts = {{"cells: FID, AtoB", {"the first statement", "the second statement"}}},
          .verdict_notes = {"how to read the statements"},
          .sweeps = {"a sweep"},
          .warnings = {"a warning"},
          .sections = {section},
          .failures = one_run("failed run"),
          .missing = one_run("missing run"),
          .runs = one_run("any run"),
          .differences = {.columns = {{"key"}}, .rows = {{"train.epochs"}}},
          .methods = {"a paragraph for a paper"},
          .translations = {{.name = "cells", .caption = "", .alt = "pictures", .svg = "<svg/>"}},
          .learning_curves =
              {{.name = "loss", .caption = "a caption", .alt = "curves", .svg = "<svg/>"}},
          .footer = {"a digest"}};
}

TEST(HtmlTest, ThePartsStandInTheOrderInWhichTheyMatter) {
  const std::string html = to_html(full_document());
  size_t last = 0;
  for (const char* part : {"<h1>Sweep report: &lt;cells&gt;</h1>",
                           "a sweep",
                           "the first statement",
                           "the second statement",
                           "how to read the statements",
                           "1 of 2 runs done",
                           "a warning",
                           "pictures",
                           "in the table",
                           "an alt text",
                           "in the comparison",
                           "in the aggregates",
                           "a fact",
                           "a note",
                           "curves",
                           "a caption",
                           "train.epochs",
                           "failed run",
                           "missing run",
                           "a paragraph for a paper",
                           "<details>",
                           "any run",
                           "</details>",
                           "a digest"}) {
    const size_t at = html.find(part, last);
    ASSERT_NE(at, std::string::npos) << part;
    last = at;
  }
}

TEST(HtmlTest, TheContentsLeadToEveryPart) {
  const std::string html = to_html(full_document());
  const std::regex link("<a href=\"#(part-[0-9]+)\">([^<]*)</a>");
  size_t count = 0;
  for (std::sregex_iterator each(html.begin(), html.end(), link), end; each != end; ++each) {
    EXPECT_THAT(html, HasSubstr("<h2 id=\"" + each->str(1) + "\">" + each->str(2) + "</h2>"));
    ++count;
  }
  EXPECT_EQ(count, 8);
}

TEST(HtmlTest, WhatADocumentLacksLeavesNoEmptyHeading) {
  Document document = full_document();
  document.warnings.clear();
  document.failures.rows.clear();
  document.missing.rows.clear();
  document.differences.rows.clear();
  document.methods.clear();
  document.translations.clear();
  document.learning_curves.clear();
  const std::string html = to_html(document);
  for (const char* heading :
       {"Read this first", "Failed runs", "Runs without a result yet", "Settings that differ",
        "Methods", "Translations", "Learning curves", "Contents"}) {
    EXPECT_THAT(html, Not(HasSubstr(heading)));
  }
}

// The rules of the page would change the texts of the figures.
TEST(HtmlTest, FiguresAndPageDoNotShareClasses) {
  const std::regex rule("\\.([a-z0-9]+)\\b");
  std::set<std::string> classes[2];
  for (size_t i = 0; i < 2; ++i) {
    const std::string style(i == 0 ? kFigureStyle : kPageStyle);
    for (std::sregex_iterator found(style.begin(), style.end(), rule), end; found != end; ++found) {
      classes[i].insert((*found)[1]);
    }
  }
  EXPECT_THAT(classes[0], testing::IsSupersetOf({"figure", "muted", "paper", "s0"}));
  EXPECT_THAT(classes[1], testing::IsSupersetOf({"soft", "wide"}));
  for (const std::string& each : classes[0]) {
    EXPECT_FALSE(classes[1].contains(each)) << each;
  }
}

}  // namespace
}  // namespace scgan::results
