// Links in messages by which a person acknowledges or resolves without signing in: signed, for one incident, one action and one
// person, and only for a while. Whoever holds the link is that person, as with any mail; it opens nothing else.
//
// Mail scanners and chat programs open links by themselves: behind it stands a page that asks, and only its button acts.

import { createHmac, timingSafeEqual } from 'node:crypto'

export interface Claim {
  readonly incident: string
  readonly action: 'acknowledge' | 'resolve'
  /** Id of the contact it was sent to. */
  readonly contact: string
}

export type Opened =
  | { readonly ok: true; readonly claim: Claim /** Epoch ms. */; readonly until: number }
  | { readonly ok: false; readonly why: 'malformed' | 'forged' | 'expired' }

/** How long a link is good for, ms: a night and the day after it. By then the incident is read where people sign in. */
export const LINK_LIFE_MS = 24 * 3_600_000
/** Characters of a token: more than ours has with the longest ids, in case of any script. */
const TOKEN_MOST = 2_000
/** Bytes of a secret: as many as the signature has, or guessing the secret is the shorter way. */
const SECRET_LEAST = 32

const FORM = /^([A-Za-z0-9_-]{1,1800})\.([A-Za-z0-9_-]{43})$/
/** Keeps these signatures from being any other's that the same secret may make. */
const PURPOSE = 'levee-alert-link-1\n'

/** `secrets`: the first signs, all are accepted, so that they can be changed. */
export class LinkSigner {
  private readonly secrets: readonly Buffer[]

  constructor(secrets: readonly Buffer[]) {
    if (secrets.length === 0) throw new Error('links need a secret')
    if (secrets.some(secret => secret.length < SECRET_LEAST))
      throw new Error(`a secret of links has ${SECRET_LEAST} bytes or more`)
    this.secrets = secrets
  }

  /** `until`: epoch ms. */
  sign({ incident, action, contact }: Claim, until: number): string {
    const claim = Buffer.from(JSON.stringify([incident, action, contact, until])).toString('base64url')
    return `${claim}.${signature(this.secrets[0]!, claim)}`
  }

  open(token: string, now: number): Opened {
    const parts = token.length <= TOKEN_MOST ? FORM.exec(token) : null
    if (parts === null) return { ok: false, why: 'malformed' }
    const [, claim = '', given = ''] = parts
    if (!this.secrets.some(secret => equal(signature(secret, claim), given)))
      return { ok: false, why: 'forged' }
    // From here on it is what we wrote.
    const [incident, action, contact, until] = JSON.parse(
      Buffer.from(claim, 'base64url').toString('utf8'),
    ) as [string, Claim['action'], string, number]
    if (!(now < until)) return { ok: false, why: 'expired' }
    return { ok: true, claim: { incident, action, contact }, until }
  }
}

/** `base`: `https://operator.example.com/alerts/`, where the operator answers. */
export const linkUrl = (base: string, token: string): string => `${base.replace(/\/+$/, '')}/${token}`

const signature = (secret: Buffer, claim: string): string =>
  createHmac('sha256', secret).update(PURPOSE).update(claim).digest('base64url')

/** In a time that tells nothing. The texts are compared, so that a signature has one spelling only. */
const equal = (right: string, given: string): boolean =>
  right.length === given.length && timingSafeEqual(Buffer.from(right), Buffer.from(given))
