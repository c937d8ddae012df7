#include "http/connection_table.hpp"

#include "http/connection.hpp"

#include <iterator>
#include <utility>

namespace http {

bool ConnectionTable::is_counted(const PeerAddress& peer) const {
  return limits_.connections_per_address_max > 0 &&
         !(peer.is_loopback && limits_.is_loopback_exempt);
}

bool ConnectionTable::has_room_for(const PeerAddress& peer) const {
  if (!is_counted(peer)) return true;
  const auto found = by_network_.find(peer.network);
  return found == by_network_.end() || found->second < limits_.connections_per_address_max;
}

std::size_t ConnectionTable::size() const {
  return lists_[0].size() + lists_[1].size() + lists_[2].size();
}

void ConnectionTable::add(std::shared_ptr<Connection> connection) {
  Connection& added = *connection;
  List& waiting = list(Phase::kWaiting);
  added.place_ = {Phase::kWaiting, waiting.insert(waiting.end(), std::move(connection))};
  if (is_counted(added.peer())) ++by_network_[added.peer().network];
}

void ConnectionTable::remove(Connection& connection) {
  if (is_counted(connection.peer())) {
    const auto found = by_network_.find(connection.peer().network);
    if (--found->second == 0) by_network_.erase(found);
  }
  list(connection.place_.phase).erase(connection.place_.at);
}

void ConnectionTable::enter(Connection& connection, Phase phase) {
  List& to = list(phase);
  to.splice(to.end(), list(connection.place_.phase), connection.place_.at);
  connection.place_.phase = phase;
}

void ConnectionTable::enter_expendable(Connection& connection) {
  List& to = list(Phase::kWaiting);
  to.splice(to.begin(), list(connection.place_.phase), connection.place_.at);
  connection.place_.phase = Phase::kWaiting;
}

std::shared_ptr<Connection> ConnectionTable::longest_in(Phase phase) const {
  return list(phase).empty() ? nullptr : list(phase).front();
}

std::vector<std::shared_ptr<Connection>> ConnectionTable::all() const {
  std::vector<std::shared_ptr<Connection>> connections;
  connections.reserve(size());
  for (const List& each : lists_) connections.insert(connections.end(), each.begin(), each.end());
  return connections;
}

std::vector<std::shared_ptr<Connection>> ConnectionTable::overdue(Time now) const {
  std::vector<std::shared_ptr<Connection>> connections;
  for (const Phase phase : {Phase::kWaiting, Phase::kSending}) {
    for (const auto& connection : list(phase)) {
      if (connection->deadline() <= now) connections.push_back(connection);
    }
  }
  return connections;
}

}  // namespace http
