#include "engine/bridge/relay_store.hpp"

#include "base/error.hpp"

#include <array>

namespace engine::bridge {
namespace {

// Never ahead of the log, even if somebody restored the two from different places.
constexpr pg::Statement kBegin{"bridge_begin_term", R"(
  update engine.relay
    set term = $1,
        epoch = engine.epoch(),
        relayed_offset = least(relayed_offset, engine.newest_offset())
    where name = 'relay' and term <= $1
    returning relayed_offset
)"};

constexpr pg::Statement kSave{"bridge_save_position", R"(
  update engine.relay
    set relayed_offset = $2
    where name = 'relay' and term = $1
      and set_config('synchronous_commit', 'off', true) = 'off'
)"};

constexpr std::array kStatements{kBegin, kSave};

}  // namespace

std::span<const pg::Statement> relay_store_statements() {
  return kStatements;
}

std::int64_t RelayStore::begin(std::int64_t term) {
  const pg::Rows begun = connection_.run(kBegin, term);
  if (begun.empty()) throw base::TransientError("another process has begun to relay");
  return begun.one().get<std::int64_t>("relayed_offset");
}

bool RelayStore::save(std::int64_t term, std::int64_t offset) {
  return connection_.run(kSave, term, offset).affected() == 1;
}

}  // namespace engine::bridge
