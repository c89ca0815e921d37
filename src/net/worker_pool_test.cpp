#include "net/worker_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace sinew;
using namespace std::chrono_literals;

TEST_CASE("no more jobs run at a time than have a place") {
  std::atomic<int> running = 0, most = 0, done = 0;
  {
    net::WorkerPool pool(2, 16);
    for (int i = 0; i < 200; ++i) {
      pool.add([&] {
        most = std::max(most.load(), ++running);
        std::this_thread::sleep_for(100us);
        --running;
        ++done;
      });
    }
  }  // runs what is queued
  CHECK(done == 200);
  CHECK(most <= 2);
}

TEST_CASE("a job that waits gives its place to another") {
  constexpr int kJobs = 16;
  std::mutex mutex;
  std::condition_variable all_wait;
  int waiting = 0;
  std::atomic<int> done = 0;
  {
    net::WorkerPool pool(2, kJobs);
    for (int i = 0; i < kJobs; ++i) {
      pool.add([&] {
        Waiting const wait;
        std::unique_lock lock(mutex);
        if (++waiting == kJobs) all_wait.notify_all();
        all_wait.wait(lock, [&] { return waiting == kJobs; });  // until all jobs are here
        ++done;
      });
    }
  }
  CHECK(done == kJobs);
}

TEST_CASE("jobs are done while others wait, and after their waits have ended") {
  std::atomic<int> done = 0;
  {
    net::WorkerPool pool(1, 4);
    for (int round = 0; round < 50; ++round) {
      for (int i = 0; i < 8; ++i) {
        pool.add([&, i] {
          if (i % 2 == 0) {
            Waiting const waiting;
            std::this_thread::sleep_for(50us);
          }
          ++done;
        });
      }
      if (round % 10 == 0) std::this_thread::sleep_for(1ms);  // lets all threads go to sleep
    }
  }
  CHECK(done == 400);
}

TEST_CASE("a pool without threads to spare has one") {
  std::atomic<int> done = 0;
  {
    net::WorkerPool pool(0, 0);
    pool.add([&] { ++done; });
  }
  CHECK(done == 1);
}
