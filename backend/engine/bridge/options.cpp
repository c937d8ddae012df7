#include "engine/bridge/options.hpp"

#include "base/error.hpp"

#include <utility>

namespace engine::bridge {

BridgeOptions checked(BridgeOptions options) {
  if (options.connections < 1 || options.connections > 16) {
    throw base::Error("the bridge needs 1 to 16 connections");
  }
  if (options.window < 1 || options.window > 512) {
    throw base::Error("the bridge's window must be 1 to 512");
  }
  if (options.lane_capacity < 2 * options.window || options.lane_capacity > 65536) {
    throw base::Error("the bridge's lanes must hold two windows, and at most 65536 events");
  }
  if (options.read_max < 1) throw base::Error("the bridge must read at least one event");
  if (options.heads.areas_max < options.connections || options.heads.period.count() < 1) {
    throw base::Error("the bridge needs room for a head per connection, and 1 ms between two");
  }
  if (options.retry_first.count() < 1 || options.retry_most < options.retry_first) {
    throw base::Error("the bridge must pause for 1 ms at least, and longer after each failure");
  }
  if (options.reply_most < options.retry_first) {
    throw base::Error("the bridge must wait longer for a reply than between two attempts");
  }
  options.broker = checked(std::move(options.broker));
  return options;
}

}  // namespace engine::bridge
