// TLS on a socket, as Beast wants an asynchronous stream to be. OpenSSL works on the socket itself, and we wait for the
// socket: asio::ssl::stream keeps 68 KiB of buffers for each connection, this keeps none while it is idle.
// Not for several threads at once: everything happens on the executor (a strand).
#pragma once

#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include "operator/push/tls.h"

namespace podmirror::push {

using Executor = boost::asio::strand<boost::asio::io_context::executor_type>;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

class TlsStream {
 public:
  using executor_type = Executor;

  TlsStream(Socket socket, const TlsContext& context);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream();

  Executor get_executor() { return socket_.get_executor(); }

  template <typename Token>
  auto async_handshake(Token&& token) {
    return Run(Handshake{}, std::forward<Token>(token));
  }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return Run(Read<Buffers>{buffers}, std::forward<Token>(token));
  }

  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return Run(Write<Buffers>{buffers}, std::forward<Token>(token));
  }

  // Says goodbye as far as the socket takes it at once; nothing can be written any more.
  void ShutDown();
  void Close();

 private:
  using ErrorCode = boost::system::error_code;

  enum class Next : std::uint8_t { kDone, kWaitToRead, kWaitToWrite };

  // One try of OpenSSL's: what it moved, and what is next.
  struct Try {
    Next next = Next::kDone;
    ErrorCode error;
    std::size_t bytes = 0;
  };

  Try Judge(int result, std::size_t bytes);
  Try TryHandshake();
  Try TryRead(void* data, std::size_t size);
  Try TryWrite(const void* data, std::size_t size);
  // A record's worth of room, of this thread: small buffers in a row go out in one record.
  static boost::asio::mutable_buffer Scratch();

  struct Handshake {
    Try operator()(TlsStream& stream) const { return stream.TryHandshake(); }
  };

  template <typename Buffers>
  struct Read {
    Buffers buffers;
    Try operator()(TlsStream& stream) const {
      for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers);
           ++it) {
        const boost::asio::mutable_buffer buffer(*it);
        if (buffer.size() > 0) return stream.TryRead(buffer.data(), buffer.size());
      }
      return {};
    }
  };

  template <typename Buffers>
  struct Write {
    Buffers buffers;
    // OpenSSL demands the same bytes again after "wait", not the same place.
    Try operator()(TlsStream& stream) const {
      const boost::asio::mutable_buffer scratch = Scratch();
      const std::size_t size = boost::asio::buffer_copy(scratch, buffers);
      return size > 0 ? stream.TryWrite(scratch.data(), size) : Try{};
    }
  };

  template <typename Step, typename Token>
  auto Run(Step step, Token&& token) {
    return boost::asio::async_compose<Token, void(ErrorCode, std::size_t)>(Operation<Step>{*this, std::move(step)},
                                                                           token, socket_);
  }

  template <typename Step>
  struct Operation {
    TlsStream& stream;
    Step step;
    bool started = false;
    bool tried = false;
    Try outcome{};

    template <typename Self>
    void operator()(Self& self, ErrorCode error = {}, std::size_t /*bytes*/ = 0) {
      if (error) return self.complete(error, 0);
      if (!tried) {
        outcome = step(stream);
        if (outcome.next == Next::kWaitToRead) {
          started = true;
          return stream.socket_.async_wait(Socket::wait_read, std::move(self));
        }
        if (outcome.next == Next::kWaitToWrite) {
          started = true;
          return stream.socket_.async_wait(Socket::wait_write, std::move(self));
        }
        tried = true;
        // Never from within the call that started it.
        if (!started) return boost::asio::post(stream.get_executor(), std::move(self));
      }
      self.complete(outcome.error, outcome.bytes);
    }
  };

  Socket socket_;
  int fd_;  // -1: closed
  SSL* ssl_;
};

// What websocket::stream calls at the end of a closing handshake.
void teardown(boost::beast::role_type role, TlsStream& stream, boost::system::error_code& error);

template <typename Handler>
void async_teardown(boost::beast::role_type /*role*/, TlsStream& stream, Handler&& handler) {
  stream.ShutDown();
  boost::asio::post(stream.get_executor(), [handler = std::forward<Handler>(handler)]() mutable {
    std::move(handler)(boost::system::error_code());
  });
}

inline void beast_close_socket(TlsStream& stream) { stream.Close(); }

}  // namespace podmirror::push
