// A handler says how a job ended, not merely that it did.
#include "engine/jobs/outcome.hpp"

engine::jobs::Outcome good() { return engine::jobs::Completed{}; }
// Refused: could not convert 'true' from 'bool'
engine::jobs::Outcome bad() { return true; }
