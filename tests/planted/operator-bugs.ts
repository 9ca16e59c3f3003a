// Bugs in what the operator sees, concludes and does. Each names the tests that must notice.

import type { PlantedBug } from './planted-bug.ts'

export const operatorBugs: readonly PlantedBug[] = [
  {
    name: 'over for want of a witness',
    rule: 'what is bad stays so while nobody sees it',
    file: 'operator/monitoring/evaluate.ts',
    find: "if (!stale || standing.state !== 'well') return",
    replace: 'if (!stale) return',
    tests: 'operator/monitoring/evaluate.test.ts',
  },
  {
    name: 'a share of too few',
    rule: 'no alert from a window with too few samples',
    file: 'operator/monitoring/measure.ts',
    find: 'if (whole.grown < Math.max(1, wanted.least)) return',
    replace: 'if (whole.grown < 1) return',
    tests: 'operator/monitoring',
  },
  {
    name: 'what is missing is zero',
    rule: 'a collector that fails is unknown, never a zero',
    file: 'operator/monitoring/measure.ts',
    find: 'const UNKNOWN: Measured = { value: null,',
    replace: 'const UNKNOWN: Measured = { value: 0,',
    tests: 'operator/monitoring',
  },
  {
    name: 'each symptom an incident',
    rule: 'one fault is one incident',
    file: 'operator/diagnosis/diagnose.ts',
    find: 'return (explaining ?? shown.find(',
    replace: 'return (shown.find(',
    tests: 'operator/diagnosis',
  },
  {
    name: 'over at the first calm moment',
    rule: 'one that flaps is one incident',
    file: 'operator/incidents/incident.ts',
    find: 'if (now - (incident.quietSince ?? now) < HOLD_MS) return []',
    replace: 'if (now - (incident.quietSince ?? now) < 0) return []',
    tests: 'operator/incidents',
  },
  {
    name: 'told outside of its transaction',
    rule: 'what is told is there exactly when its cause is',
    file: 'operator/incidents/incident-desk.ts',
    find: '        tell(change, now)\n      }\n    })',
    replace: '      }\n    })\n    for (const change of changes) tell(change, now)',
    tests: 'operator/incidents',
  },
  {
    name: 'again what did not help',
    rule: 'an act that succeeded without helping is not repeated',
    file: 'operator/recovery/limits.ts',
    find: "each.incident === incident && each.outcome === 'in vain'",
    replace: "each.incident === incident && each.outcome === 'never'",
    tests: 'operator/recovery',
  },
  {
    name: 'acts blindly',
    rule: 'nothing is done to what is not seen',
    file: 'operator/recovery/run-playbook.ts',
    find: 'if (!deps.sees(step.on)) return',
    replace: 'if (deps.sees(step.on) === undefined) return',
    tests: 'operator/recovery',
  },
  {
    name: 'written down afterwards',
    rule: 'no act is forgotten or repeated blindly',
    file: 'operator/recovery/run-playbook.ts',
    find: 'refusal(act, incident, deps.acts.since(act, now - HOUR_MS), now)',
    replace:
      'refusal(act, incident, deps.acts.since(act, now - HOUR_MS).filter(({ outcome }) => outcome !== null), now)',
    tests: 'operator/recovery',
  },
  {
    name: 'a restart on what is well',
    rule: 'nothing is done about what is well',
    file: 'operator/recovery/run-playbook.ts',
    find: "if (before.isTrue) return { step, what: 'true already', evidence: before.evidence }\n",
    replace: '',
    tests: 'operator/recovery',
  },
]
