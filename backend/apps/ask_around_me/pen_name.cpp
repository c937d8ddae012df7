#include "apps/ask_around_me/pen_name.hpp"

#include <array>
#include <cstdint>

namespace ask_around_me {
namespace {

constexpr std::array<std::string_view, 32> kManners{
    "Amber",   "Brisk", "Calm",  "Candid", "Clever", "Curious", "Daring", "Eager",
    "Early",   "Fair",  "Fond",  "Gentle", "Glad",   "Golden",  "Hasty",  "Honest",
    "Jolly",   "Keen",  "Kind",  "Lively", "Lucky",  "Mellow",  "Merry",  "Nimble",
    "Patient", "Quick", "Quiet", "Ready",  "Silver", "Steady",  "Sunny",  "Wary"};

constexpr std::array<std::string_view, 32> kAnimals{
    "Badger", "Beaver", "Crane",  "Curlew",   "Dolphin", "Egret", "Falcon", "Finch",
    "Fox",    "Gecko",  "Hare",   "Hedgehog", "Heron",   "Ibis",  "Jay",    "Kestrel",
    "Lark",   "Lynx",   "Marten", "Mole",     "Newt",    "Otter", "Owl",    "Pelican",
    "Plover", "Raven",  "Robin",  "Seal",     "Swift",   "Tern",  "Vole",   "Wren"};

// FNV-1a with a last mix: stable for ever, unlike std::hash. It hides nothing by itself; a thousand
// names for all callers do.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211ULL;
  }
  hash ^= hash >> 33U;
  hash *= 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 33U);
}

}  // namespace

std::string pen_name(std::string_view caller) {
  const std::uint64_t hash = hash_of(caller);
  std::string name{kManners[hash % kManners.size()]};
  name += ' ';
  name += kAnimals[(hash >> 32U) % kAnimals.size()];
  return name;
}

}  // namespace ask_around_me
