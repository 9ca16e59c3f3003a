// Bugs in telling people. Each names the tests that must notice.

import type { PlantedBug } from './planted-bug.ts'

const FOLDER = 'operator/alerting'
const bug = (
  name: string,
  rule: string,
  file: string,
  find: string,
  replace: string,
  tests: string,
): PlantedBug => {
  return { name, rule, file: `${FOLDER}/${file}`, find, replace, tests: `${FOLDER}/${tests}` }
}

export const alertBugs: readonly PlantedBug[] = [
  bug(
    'updates overtake',
    'an update never overtakes its opening',
    'delivery-store.ts',
    'AND e.incident = d.incident AND e.seq < d.seq',
    'AND e.incident = d.incident AND e.seq < 0',
    'deliveries.test.ts',
  ),
  bug(
    'attempts begin unrecorded',
    'what may have arrived before a crash is not told as new',
    'deliveries.ts',
    '    attemptBegins(store, delivery.seq)\n',
    '',
    'killed.test.ts',
  ),
  bug(
    'repeats told as new',
    'a repeat says that it is one',
    'deliveries.ts',
    'again: delivery.unsure === 1',
    'again: false',
    'deliveries.test.ts',
  ),
  bug(
    'openings dropped',
    'an opening is always told',
    'enqueue.ts',
    "resolved: ['updated', 'reminder', 'acknowledged']",
    "resolved: ['opened', 'updated', 'reminder', 'acknowledged']",
    'deliveries.test.ts',
  ),
  bug(
    'refusals go nowhere else',
    'what one channel refuses another one tells',
    'deliveries.ts',
    "if (state === 'delivered' || delivery.fell_back === 1) return true",
    "if (state !== 'given-up' || delivery.fell_back === 1) return true",
    'deliveries.test.ts',
  ),
  bug(
    'emergencies wait in a storm',
    'an emergency waits for nobody',
    'storm.ts',
    "levelOf(delivery.level) === 'emergency' || ",
    '',
    'deliveries.test.ts',
  ),
  bug(
    'digests lose their members',
    'what is joined in a digest is told',
    'delivery-store.ts',
    "WHERE state = 'joined' AND digest = ?",
    "WHERE state = 'lost' AND digest = ?",
    'deliveries.test.ts',
  ),
  bug(
    'nobody’s silence ends',
    'a silence ends',
    'silences.ts',
    'if (now < from || now >= to) return false',
    'if (now < from) return false',
    'silences.test.ts',
  ),
  bug(
    'a page for each flap',
    'an incident that comes back within the hold continues',
    'escalation.ts',
    'now >= state.healedAt + limits.hold ?',
    'now >= state.healedAt ?',
    'escalation.test.ts',
  ),
  bug(
    'no emergency without an answer',
    'a critical incident that nobody acknowledges becomes an emergency',
    'escalation.ts',
    "last ? { ...next, level: 'emergency' } : next",
    'next',
    'desk.test.ts',
  ),
  bug(
    'links of everybody',
    'a link is one person’s',
    'personal-links.ts',
    'signer.sign({ incident: key, action, contact }',
    "signer.sign({ incident: key, action, contact: '' }",
    'links.test.ts',
  ),
  bug(
    'left open elsewhere',
    'what was opened on a channel is closed there',
    'announce.ts',
    ': []), ...ways',
    ': [])',
    'announce.test.ts',
  ),
  bug(
    'a key in the reason',
    'no secret is shown',
    'channels/call-service.ts',
    'secret.hideIn(left)',
    '(secret === null ? secret : left)',
    'channels/channels.test.ts',
  ),
]
