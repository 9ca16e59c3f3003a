import type { Entry } from '../../services/check/history.ts'
import type { TortureResult } from './torture.ts'
export const reportPage = (entries: readonly Entry[], result: TortureResult): string =>
  `${entries.length} ${result.seed}`
