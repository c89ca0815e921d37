#pragma once

#include <string>

/// Certificates made afresh for a test, as PEM files in a folder that goes with the object.
class TestCertificates {
 public:
  TestCertificates();
  TestCertificates(TestCertificates const&) = delete;
  TestCertificates& operator=(TestCertificates const&) = delete;
  ~TestCertificates();

  std::string authority;           ///< signed the server and the client
  std::string other_authority;     ///< signed the stranger
  std::string server, server_key;  ///< for localhost and 127.0.0.1
  std::string client, client_key;  ///< CN=lab,O=Sinew Test
  std::string stranger, stranger_key;

 private:
  std::string folder_;
};
