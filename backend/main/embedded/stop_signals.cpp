#include "main/embedded/stop_signals.hpp"

#include "base/error.hpp"

#include <signal.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <cstring>

namespace embedded {

StopSignals::StopSignals() {
  // `earshot up | head` closes the output under a service that others rely on: it goes on, unheard.
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t stopping;
  ::sigemptyset(&stopping);
  ::sigaddset(&stopping, SIGINT);
  ::sigaddset(&stopping, SIGTERM);
  struct sigaction hangup {};
  ::sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) ::sigaddset(&stopping, SIGHUP);

  ::pthread_sigmask(SIG_BLOCK, &stopping, nullptr);
  signals_ = base::FileDescriptor{::signalfd(-1, &stopping, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!signals_) throw base::Error{std::string{"cannot wait for signals: "} + std::strerror(errno)};
}

}  // namespace embedded
