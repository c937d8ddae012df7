#pragma once

#include "engine/bridge/publisher_thread.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>

namespace engine::bridge {

/// What a PublisherThread is made of, for those that work on it.
struct PublisherThread::Io {
  boost::asio::io_context context{/*concurrency_hint=*/1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keeps_running{
      context.get_executor()};
  std::jthread thread{[this] { context.run(); }};
};

}  // namespace engine::bridge
