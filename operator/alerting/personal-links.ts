// The links of one reader: to say "I am on it" and "it is over" without signing in.

import type { Contact } from './contacts.ts'
import { EVERYONE } from './contacts.ts'
import { isDigestKey } from './digest.ts'
import { LINK_LIFE_MS, type LinkSigner, linkUrl } from './links.ts'
import type { Link, Message } from './message.ts'
import { WORDS } from './words.ts'

export type LinkMaker = (message: Message, contact: Contact) => readonly Link[]

/** `base`: where the operator answers them, `https://operator.example.com/alerts`. */
export function personalLinks(signer: LinkSigner, base: string): LinkMaker {
  return ({ key, kind, at }, { id: contact }) => {
    // What everybody reads would let anybody act in nobody's name. A digest is many incidents.
    if (contact === EVERYONE || kind === 'resolved' || isDigestKey(key)) return []
    // Good from the moment it tells of, so that a repeat has the same links.
    const link = (action: 'acknowledge' | 'resolve'): Link => ({
      action,
      label: WORDS[action],
      url: linkUrl(base, signer.sign({ incident: key, action, contact }, at + LINK_LIFE_MS)),
    })
    return kind === 'acknowledged' ? [link('resolve')] : [link('acknowledge'), link('resolve')]
  }
}
