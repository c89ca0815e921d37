#pragma once

#include "api/rest/rest.h"

namespace sinew::rest {

// Answers that leave in pieces, and those that have to be whole.

/// Whether a bundle can leave while it is written: what becomes XML, is spaced anew or is cut down
/// is made of the whole.
[[nodiscard]] bool leaves_in_pieces(Presentation const& presentation);

/// The answer with all of its body: for what is part of another answer, or kept for later.
/// A source that fails, or gives more than fits into memory, makes it a refusal.
[[nodiscard]] Answer collected(Answer answer);

/// The answer as a response, whose body is whole only if it is short.
[[nodiscard]] net::HttpResponse render_source(Answer answer, Presentation const& presentation);

/// Encodes the response as the request accepts, all of it or piece by piece.
void encode_response(net::HttpRequest const& request, net::HttpResponse& response);

/// The response with all of its body.
[[nodiscard]] net::HttpResponse collected(net::HttpResponse response);

}  // namespace sinew::rest
