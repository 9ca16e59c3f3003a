import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ADMIN, LEAD, MONDAY, messageOf } from '../../tests/support/alerts.ts'
import { everyone } from './contacts.ts'
import { type Claim, LINK_LIFE_MS, LinkSigner, linkUrl } from './links.ts'
import { personalLinks } from './personal-links.ts'

const SECRET = Buffer.alloc(32, 7)
const OTHER = Buffer.alloc(32, 8)
const signer = new LinkSigner([SECRET])
const CLAIM: Claim = { incident: 'redis:down', action: 'acknowledge', contact: 'admin' }
const UNTIL = MONDAY + LINK_LIFE_MS

test('opens what it signed until it expires', () => {
  const token = signer.sign(CLAIM, UNTIL)
  expect(signer.open(token, MONDAY)).toEqual({ ok: true, claim: CLAIM, until: UNTIL })
  expect(signer.open(token, UNTIL - 1)).toMatchObject({ ok: true })
  expect(signer.open(token, UNTIL)).toEqual({ ok: false, why: 'expired' })
  expect(signer.open(token, Number.NaN)).toEqual({ ok: false, why: 'expired' })
})

test('any claim comes back as it was, and no other', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 200 })
  const claim = fc.record({
    incident: text,
    action: fc.constantFrom('acknowledge', 'resolve'),
    contact: text,
  })
  fc.assert(
    fc.property(claim, wanted => {
      const opened = signer.open(signer.sign(wanted as Claim, UNTIL), MONDAY)
      if (!opened.ok) expect(opened.why).toBe('malformed')
      else expect(opened.claim).toEqual(wanted)
    }),
  )
})

test('a change of any character is noticed', () => {
  const token = signer.sign(CLAIM, UNTIL)
  for (let place = 0; place < token.length; place++)
    for (const character of ['A', 'B', '.', '_', '='])
      if (token[place] !== character) {
        const forged = `${token.slice(0, place)}${character}${token.slice(place + 1)}`
        expect(signer.open(forged, MONDAY)).toMatchObject({ ok: false })
      }
})

test('nothing that was not signed opens, whatever it is', () => {
  const [claim = ''] = signer.sign(CLAIM, UNTIL).split('.')
  for (const token of ['', '.', 'a.b', claim, `${claim}.`, `${claim}.${'A'.repeat(43)}`, 'x'.repeat(1e6)])
    expect(signer.open(token, MONDAY)).toMatchObject({ ok: false })
  fc.assert(fc.property(fc.string(), token => !signer.open(token, MONDAY).ok))
})

test('another secret opens nothing; an old one does while it is kept', () => {
  const token = signer.sign(CLAIM, UNTIL)
  expect(new LinkSigner([OTHER]).open(token, MONDAY)).toEqual({ ok: false, why: 'forged' })
  expect(new LinkSigner([OTHER, SECRET]).open(token, MONDAY)).toMatchObject({ ok: true })
  expect(new LinkSigner([OTHER, SECRET]).sign(CLAIM, UNTIL)).toBe(new LinkSigner([OTHER]).sign(CLAIM, UNTIL))
})

test('a short secret, or none, is refused', () => {
  expect(() => new LinkSigner([])).toThrow('need a secret')
  expect(() => new LinkSigner([SECRET, Buffer.alloc(31)])).toThrow('32 bytes')
})

test('each reader has links of their own, the same in a repeat; what all read has none', () => {
  const links = personalLinks(signer, 'https://operator.example.com/alerts/')
  const admin = links(messageOf(), ADMIN)
  expect(links(messageOf(), ADMIN)).toEqual(admin)
  expect(admin.map(({ action }) => action)).toEqual(['acknowledge', 'resolve'])
  expect(links(messageOf(), LEAD).map(({ url }) => url)).not.toEqual(admin.map(({ url }) => url))
  const token = admin[0]!.url.replace('https://operator.example.com/alerts/', '')
  expect(signer.open(token, MONDAY)).toMatchObject({ claim: CLAIM })
  expect(links(messageOf({ kind: 'acknowledged' }), ADMIN).map(({ action }) => action)).toEqual(['resolve'])
  expect(links(messageOf({ kind: 'resolved' }), ADMIN)).toEqual([])
  expect(links(messageOf({ key: 'digest:1' }), ADMIN)).toEqual([])
  expect(links(messageOf(), everyone('ko'))).toEqual([])
  expect(linkUrl('https://a.example', 't')).toBe('https://a.example/t')
})
