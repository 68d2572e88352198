// What the server refuses, by the code of its answer, in the words of whoever meets it. A code that is not here is told in the
// server's own words.

export default {
  codes: {
    offline: "The server cannot be reached. Try again in a moment.",
    unauthorised: "You are signed out. Sign in again.",
    scope_missing: "You have no right to do this. Ask whoever runs this server.",
    right_missing: "You have no right to do this. Ask an owner of the workspace.",
    event_forbidden: "This key is for another event. Sign in with another key.",
    not_found: "It is not there any more.",
    erased: "It is erased already.",
    precondition_failed: "Somebody changed it meanwhile. Look at it again.",
    body_too_large: "That is too much at once. Do it in smaller parts.",
    rate_limited: "Too many requests. Wait a moment, then try again.",
    quota_exceeded: "Too many new things at once. Wait a moment, then try again.",
    internal: "The server has a fault. Try again; if it stays, tell whoever runs this server.",
    overloaded: "The server is busy. Try again in a moment.",
    unavailable: "The server cannot read its data now. Try again in a moment.",
    draining: "The server is restarting. Try again in a moment.",
  },
  field: "{field} {message}.",
} as const;
