// Shared data is out of reach without its lock.
#include "base/guarded.hpp"

int good(base::Guarded<int>& shared) {
  return shared.with([](int& value) { return value; });
}
// Refused: 'int base::Guarded<int>::value_' is private within this context
int bad(base::Guarded<int>& shared) { return shared.value_; }
