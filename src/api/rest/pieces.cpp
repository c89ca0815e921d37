#include "api/rest/pieces.h"

#include <memory>
#include <utility>

#include "api/rest/bundle_writer.h"
#include "api/rest/encoding.h"
#include "api/rest/format.h"
#include "api/rest/outcome.h"
#include "api/rest/subset.h"

namespace sinew::rest {
namespace {

/// Of a bundle that has to be whole.
constexpr std::size_t kCollectedBytesMax = std::size_t{256} << 20;

/// The first piece leaves when there is so much of it: somebody waits.
constexpr std::size_t kFirstPieceBytes = std::size_t{8} << 10;

/// Writes a piece; without more to come, `is_ended` is set.
Result<std::string> write_piece(BundleSource& source, BundleWriter& writer, std::size_t bytes,
                                bool& is_ended) {
  while (!is_ended && writer.size() < bytes) is_ended = !TRY(source.write_next(writer));
  return writer.take();
}

Result<std::string> whole_of(BundleSource& source) {
  BundleWriter writer(source.base());
  std::string whole;
  for (bool is_ended = false; !is_ended;) {
    whole += TRY(write_piece(source, writer, kPieceBytes, is_ended));
    if (whole.size() > kCollectedBytesMax) {
      return fail(ErrorCode::too_large,
                  "the answer is too long to be made in one piece: ask for pages", "_count");
    }
  }
  return whole;
}

/// What is left of a source after its first piece.
struct Rest {
  std::shared_ptr<BundleSource> source;
  BundleWriter writer;
  bool is_ended = false;
};

}  // namespace

bool leaves_in_pieces(Presentation const& presentation) {
  return presentation.format != Format::xml && !presentation.pretty && !is_subset(presentation);
}

Answer collected(Answer answer) {
  if (!answer.source) return answer;
  auto const source = std::exchange(answer.source, nullptr);
  auto body = whole_of(*source);
  if (!body) return refuse(body.error());
  answer.body = *std::move(body);
  return answer;
}

net::HttpResponse render_source(Answer answer, Presentation const& presentation) {
  if (!leaves_in_pieces(presentation)) return render(collected(std::move(answer)), presentation);
  bool const is_lines = presentation.format == Format::ndjson;
  auto rest = std::make_shared<Rest>(Rest{
      answer.source, BundleWriter(answer.source->base(), is_lines ? BundleWriter::Form::lines
                                                                  : BundleWriter::Form::json)});
  auto first = write_piece(*rest->source, rest->writer, kFirstPieceBytes, rest->is_ended);
  if (!first) return render(refuse(first.error()), presentation);
  net::HttpResponse response;
  response.status = answer.status;
  response.headers = std::move(answer.headers);
  response.headers.add("Content-Type", std::string(content_type(presentation.format)));
  response.body = *std::move(first);
  if (!rest->is_ended) {
    response.more = [rest = std::move(rest)] {
      return write_piece(*rest->source, rest->writer, kPieceBytes, rest->is_ended);
    };
  }
  return response;
}

namespace {

/// The pieces of a body, each encoded.
struct EncodedPieces {
  std::unique_ptr<PieceEncoder> encoder;
  net::NextPiece more;
  bool is_ended = false;

  Result<std::string> next() {
    if (is_ended) return std::string();
    auto const piece = TRY(more());
    is_ended = piece.empty();
    return is_ended ? encoder->end() : encoder->add(piece);
  }
};

void encode_pieces(Encoding encoding, net::HttpResponse& response) {
  auto encoder = make_piece_encoder(encoding);
  if (!encoder) return;
  auto first = (*encoder)->add(response.body);
  if (!first) return;
  response.body = *std::move(first);
  auto const pieces = std::make_shared<EncodedPieces>(
      EncodedPieces{*std::move(encoder), std::exchange(response.more, nullptr)});
  response.more = [pieces] { return pieces->next(); };
  response.headers.add("Content-Encoding", std::string(encoding_name(encoding)));
}

}  // namespace

void encode_response(net::HttpRequest const& request, net::HttpResponse& response) {
  if (!response.more && response.body.size() < kEncodeBytesMin) return;
  response.headers.add("Vary", "Accept-Encoding");
  auto const encoding = choose_encoding(request.headers.value("Accept-Encoding"));
  if (encoding == Encoding::identity) return;
  if (response.more) return encode_pieces(encoding, response);
  auto encoded = encode(encoding, response.body);
  if (!encoded) return;  // as it is will do
  response.body = *std::move(encoded);
  response.headers.add("Content-Encoding", std::string(encoding_name(encoding)));
}

net::HttpResponse collected(net::HttpResponse response) {
  auto const more = std::exchange(response.more, nullptr);
  while (more) {
    auto const piece = more();
    if (!piece) return render(refuse(piece.error()), {});
    if (piece->empty()) break;
    response.body += *piece;
  }
  return response;
}

}  // namespace sinew::rest
