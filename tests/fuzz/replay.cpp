#include "fuzz/corpus.hpp"
#include "fuzz/mutator.hpp"
#include "fuzz/target.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

// Of the sanitizers' runtimes, where the program is built with them: the first is asked to call
// back, the second calls this program's own function instead of its empty one.
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());
extern "C" void __ubsan_on_report();

namespace {

std::uint64_t current_seed = 0;
std::string current_input;

/// A sanitizer ends the process without asking the test framework what was going on.
void tell_input() {
  std::fprintf(stderr,
               "fuzz target %s, seed %llu, input: %s\n",
               fuzz::target.name,
               static_cast<unsigned long long>(current_seed),
               fuzz::escaped(current_input).c_str());
}

}  // namespace

extern "C" void __ubsan_on_report() {
  tell_input();
}

namespace {

void run(const std::string& input) {
  current_input = input;
  INFO("input: " << fuzz::escaped(input));
  // A copy of exactly its size, so that reading one byte too far is noticed.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::vector<std::string> corpus() {
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(&tell_input);
  return fuzz::read_corpus(std::string{EARSHOT_SOURCE_DIR} + "/tests/fuzz/corpus/" +
                           fuzz::target.name + ".txt");
}

}  // namespace

TEST_CASE("the promises hold for every input of the corpus", "[unit][fuzz]") {
  run("");
  const std::vector<std::string> inputs = corpus();
  REQUIRE(inputs.size() >= 4);
  for (const std::string& input : inputs) run(input);
}

TEST_CASE("and for thousands of mutations of them", "[unit][fuzz]") {
  const std::uint64_t given = Catch::rngSeed();
  current_seed = given != 0 ? given : std::random_device{}();
  CAPTURE(current_seed);
  fuzz::Mutator mutator{current_seed, corpus()};
  for (int count = 0; count < fuzz::target.mutations; ++count) run(mutator.next());
}
