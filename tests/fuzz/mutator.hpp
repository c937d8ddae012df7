#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

/// Makes new inputs of known ones: changes bytes, cuts, repeats, and mixes what they consist of.
///
/// The same seed and corpus give the same inputs.
class Mutator {
 public:
  Mutator(std::uint64_t seed, std::vector<std::string> corpus);

  /// Limits: about twice as long as the longest of the corpus.
  [[nodiscard]] std::string next();

 private:
  [[nodiscard]] std::size_t below(std::size_t limit);
  [[nodiscard]] const std::string& one_of(const std::vector<std::string>& texts);
  void change(std::string& input);

  std::mt19937_64 random_;
  std::vector<std::string> corpus_;
  std::vector<std::string> parts_;  // Words and punctuation of the corpus, and awkward bytes.
  std::size_t bytes_max_ = 64;
};

}  // namespace fuzz
