// A secret in a wrapping: it gets out only where somebody asks for it by name, and not by being printed, logged or made JSON.

import { inspect } from 'node:util'

const HIDDEN = '[secret]'
/** Shorter texts occur by chance, and hiding them would make reasons unreadable. */
const HIDE_LEAST = 6

export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  /** The text without the secret, as it stands and as a URL spells it. */
  hideIn(text: string): string {
    if (this.#text.length < HIDE_LEAST) return text
    return [this.#text, encodeURIComponent(this.#text)].reduce(
      (left, word) => left.replaceAll(word, HIDDEN),
      text,
    )
  }

  toString(): string {
    return HIDDEN
  }
  toJSON(): string {
    return HIDDEN
  }
  [inspect.custom](): string {
    return HIDDEN
  }
}

/** Of a URL that is a secret: whole, and each part of it that nobody could guess. */
export function partsOfUrl(url: Secret): readonly Secret[] {
  const { pathname, search, searchParams } = new URL(url.reveal())
  const parts = [pathname, search, ...pathname.split('/'), ...searchParams.values()]
  return [url, ...parts.map(part => new Secret(part))]
}
