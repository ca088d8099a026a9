#pragma once

#include <libvirt/libvirt.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fault.h"
#include "lane.h"

/**
 * What one Connection of JavaScript is on the libvirt side: a watch, which callbacks hang on and which no
 * call that can hang uses, and as many lanes as calls are out at once.
 *
 * Lanes, because calls of two threads on one libvirt connection delay each other. Only one of the threads
 * does input and output, for both, and in libvirt 9.0 the other's request to wake up is lost when it comes
 * just before the first one waits; the second call is then not sent before the daemon's next keepalive, up to
 * 5 s later. A lane that carries a hung call is out until that call returns.
 *
 * Used on call threads. A session that is dropped without Close is closed on a call thread.
 */
class Session {
 public:
  /** Opens the watch. */
  static MaybeFault Open(const std::string& uri, std::shared_ptr<Session>& session);
  /** Sessions of the process that are open or that calls are still out on. */
  static int Count();

  /** An idle lane, else a new one. Fails when the session is closed or the watch has seen the end of the
   * connection. */
  MaybeFault BorrowLane(std::unique_ptr<Lane>& lane);
  /** Closes the lane after Close, or when enough are idle. */
  void ReturnLane(std::unique_ptr<Lane> lane);

  /** One at a time; the watch stays open until it is returned, even after Close. */
  MaybeFault BorrowWatch(virConnectPtr& watch);
  void ReturnWatch();

  bool IsAlive();
  /** For the lanes of now and later. */
  void NoteKeepAlive(const KeepAlive& keep_alive);
  /** Keeps the references of a listing that was made on `lane`. */
  void NoteListing(Lane& lane, std::vector<Domain> domains);
  /** Notes a callback for Close to unregister. False when Close has been and the caller must do it. */
  bool NoteEventCallback(int callback_id);
  /** The same, and keeps `notice` for as long as libvirt may call back. */
  bool NoteCloseCallback(virConnectCloseFunc callback, std::shared_ptr<void> notice);

  /**
   * Unregisters callbacks and closes watch and idle lanes. What calls that are out still hold is closed by
   * each of them when it returns. Gives their number and the references to the watch that remain.
   */
  int Close();

 private:
  Session(std::string uri, virConnectPtr watch);
  ~Session() = default;
  static void Dispose(Session* session);
  void Leave(int Session::*out);

  const std::string uri_;
  const virConnectPtr watch_;
  std::mutex watch_calls_;

  std::mutex mutex_;
  bool closed_ = false;
  int lanes_out_ = 0;
  /** Calls on the watch, Close included. */
  int watch_out_ = 0;
  std::vector<std::unique_ptr<Lane>> idle_;
  KeepAlive keep_alive_;
  std::shared_ptr<const Listed> listed_ = std::make_shared<const Listed>();
  std::vector<int> event_callbacks_;
  virConnectCloseFunc close_callback_ = nullptr;
  std::shared_ptr<void> close_notice_;
};
