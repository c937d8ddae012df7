// Nobody becomes a caller by a text; only a token, or parsing what we stored, makes one.
#include "wire/caller.hpp"

const std::optional<wire::Caller> kGood = wire::Caller::parse("own-ann");
// Refused: no matching function for call to 'wire::Caller::Caller(<brace-enclosed initializer list>)'
const wire::Caller kBad{"own-ann"};
