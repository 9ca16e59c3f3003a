// Every expected failure of Levee: one code, one status, one title, one piece of advice (RFC 9457).
// `type` of the problem document is `https://levee.invalid/problems/<code>`; the API page lists them.

interface Entry {
  readonly status: number
  readonly title: string
  /** What the caller can do about it. */
  readonly advice: string
}

const entry = (status: number, title: string, advice: string): Entry => ({ status, title, advice })

export const catalogue = {
  // the request itself
  malformed_body: entry(
    400,
    'The body is not valid JSON',
    'Send a JSON object with Content-Type application/json.',
  ),
  invalid_request: entry(
    400,
    'The request does not fit its schema',
    'Correct the fields named in `errors`; the schema is in the OpenAPI document.',
  ),
  malformed_request: entry(
    400,
    'This is not HTTP as it should be',
    'Check the client or what stands between.',
  ),
  request_timeout: entry(408, 'The request did not arrive in time', 'Send it faster, or try again.'),
  headers_too_large: entry(431, 'The headers are too large', 'Send fewer or shorter headers.'),
  unsupported_media_type: entry(415, 'The body has an unknown type', 'Send application/json.'),
  body_too_large: entry(413, 'The body is too large', 'Send less; the limit is http.bodyLimit bytes.'),
  not_found: entry(404, 'There is no such thing', 'Check the id and that it is yours to see.'),
  method_not_allowed: entry(405, 'This path has no such method', 'See the OpenAPI document.'),
  amount_too_large: entry(
    422,
    'An amount exceeds what the shop can book',
    'Order less, or in several orders.',
  ),
  // identity
  unauthenticated: entry(401, 'No valid identity', 'Sign in again, or send the Authorization header.'),
  forbidden: entry(403, 'Not allowed for this identity', 'Use an identity with the role that is needed.'),
  bad_credentials: entry(401, 'E-mail or password is wrong', 'Check both, or reset the password.'),
  email_unconfirmed: entry(
    403,
    'The e-mail address is not confirmed',
    'Follow the link in the confirmation mail.',
  ),
  email_taken: entry(409, 'This e-mail address has an account', 'Sign in, or reset the password.'),
  token_invalid: entry(400, 'The token is wrong, used or too old', 'Ask for a new one.'),
  too_many_attempts: entry(429, 'Too many attempts', 'Wait for the seconds in Retry-After.'),
  last_administrator: entry(409, 'The last administrator stays', 'Grant the role to somebody else first.'),
  // once
  idempotency_key_required: entry(
    400,
    'An Idempotency-Key header is needed',
    'Send a fresh random key of 8 to 128 characters per intended action.',
  ),
  idempotency_key_reused: entry(
    422,
    'The key was used with other content',
    'Use a new key for a new request; repeat the old one unchanged.',
  ),
  request_in_flight: entry(
    409,
    'The same request is being worked on',
    'Wait and ask again with the same key.',
  ),
  id_taken: entry(409, 'This id is taken', 'Choose another id.'),
  // how much
  rate_limited: entry(429, 'Too many requests', 'Wait for the seconds in Retry-After.'),
  overloaded: entry(503, 'The shop is full at the moment', 'Repeat with the same key after Retry-After.'),
  deadline_exceeded: entry(503, 'It took too long', 'Repeat with the same key: the first answer is kept.'),
  lock_timeout: entry(
    503,
    'Somebody else holds what is needed',
    'Repeat with the same key after Retry-After.',
  ),
  shutting_down: entry(503, 'This process is stopping', 'Repeat with the same key; another process answers.'),
  outcome_unknown: entry(
    503,
    'The outcome is not known yet',
    'Repeat with the same key: it is looked up, never done twice.',
  ),
  ledger_unavailable: entry(
    503,
    'The ledger cannot be reached',
    'Repeat with the same key after Retry-After.',
  ),
  read_only: entry(
    503,
    'Nothing can be changed for the moment',
    'Browsing goes on. Repeat with the same key after Retry-After; nothing was queued.',
  ),
  service_unavailable: entry(
    503,
    'A part of the shop cannot be reached',
    'Repeat with the same key after Retry-After.',
  ),
  internal_error: entry(500, 'Something broke', 'Report the request id.'),
  // product
  product_unknown: entry(
    404,
    'There is no such product',
    'Check the product id; upper and lower case differ.',
  ),
  product_withdrawn: entry(409, 'This product is not for sale', 'Remove it from the order.'),
  not_on_sale_yet: entry(409, 'The sale has not started', 'Come back at `saleStartsAt`.'),
  version_conflict: entry(
    409,
    'Somebody changed it in between',
    'Read it again and repeat with the new version.',
  ),
  // order
  out_of_stock: entry(409, 'Not enough left', 'Order at most what is available.'),
  price_changed: entry(409, 'The total has changed', 'Show the new total and ask again.'),
  purchase_limit: entry(409, 'More than one member may buy', 'Order less of it.'),
  members_only: entry(403, 'Only for members', 'Sign in first.'),
  order_state: entry(
    409,
    'Not possible in this state of the order',
    'Read the order; its state says what is possible.',
  ),
  quantity_exceeded: entry(
    409,
    'More than the order line has left',
    'Read the order; each line says what is left.',
  ),
  stock_below_zero: entry(409, 'This would take stock below zero', 'Adjust by less.'),
  // payment
  payment_declined: entry(402, 'The payment was declined', 'Try another card or method.'),
  payment_open: entry(409, 'A payment of this order is under way', 'Wait for its outcome.'),
  payment_state: entry(409, 'Not possible in this state of the payment', 'Read the payment.'),
  provider_unavailable: entry(
    503,
    'The payment provider does not answer',
    'Repeat with the same key after Retry-After.',
  ),
  bad_signature: entry(401, 'The signature is wrong', 'Sign the body with the shared secret.'),
  // points and coupons
  insufficient_points: entry(409, 'Not enough points', 'Use at most the balance.'),
  coupon_unknown: entry(404, 'There is no such coupon', 'Check the id.'),
  coupon_sold_out: entry(409, 'All coupons are gone', 'None is left; nothing was issued to you.'),
  coupon_in_line: entry(
    503,
    'Those who came before are served first',
    'Repeat with the same key after Retry-After: what is left may be theirs.',
  ),
  coupon_already_claimed: entry(409, 'You have this coupon', 'Each member gets one.'),
  coupon_not_open: entry(409, 'Outside the coupon’s time', 'See `opensAt` and `closesAt`.'),
  coupon_not_usable: entry(
    409,
    'This coupon cannot be used here',
    'It is used, not yours, too old, or the order is too small.',
  ),
} as const satisfies Record<string, Entry>

export type RefusalCode = keyof typeof catalogue
