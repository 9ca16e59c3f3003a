import { fileURLToPath } from 'node:url'

/** The real file, kept in the repository. */
export const DECEMBER = fileURLToPath(new URL('../../data/online-retail-2010-12.csv.gz', import.meta.url))
