// A stamp moves by a duration with a unit, not by a number.
#include "engine/jobs/batch_id.hpp"

using namespace std::chrono_literals;

const auto kGood = engine::jobs::Stamp{1}.plus(5ms);
// Refused: cannot convert 'int' to 'std::chrono::milliseconds'
const auto kBad = engine::jobs::Stamp{1}.plus(5);
