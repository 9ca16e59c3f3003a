// Who may import whom, and which npm packages each place may use. One table; the first row that fits a file counts.

export interface Place {
  readonly name: string
  /** Which files: matched against the path from the root. A group named `module` is filled into `imports`. */
  readonly files: RegExp
  /** Files it may import: beginnings of paths, or whole ones. `<module>` is the file's own module, `*` any one name. */
  readonly imports: readonly string[] | 'anything'
  /** npm packages it may use. A trailing `/*` allows a whole scope. */
  readonly packages: readonly string[] | 'any'
  /** Node's own modules it may use, without `node:`. */
  readonly node: readonly string[] | 'any'
}

const CONTRACTS = 'modules/*/contract.ts'
/** Parts of Node that reach nothing outside of the process. */
const PURE_NODE = ['assert', 'buffer', 'crypto', 'util']
const FREE = { imports: 'anything', packages: 'any', node: 'any' } as const

/** What a module's own files share, whatever their part in it. */
const MODULE_IMPORTS = ['modules/<module>/', 'resilience/', 'platform/', CONTRACTS]
/** `uuid`: ids of things a module makes. */
const MODULE_PACKAGES = ['uuid']

export const PLACES: readonly Place[] = [
  { name: 'tests', files: /^(tests|drills)\//, ...FREE },
  { name: 'bench', files: /^(bench|load)\//, ...FREE },
  { name: 'tool settings', files: /^[^/]+\.config\.ts$/, ...FREE },
  {
    name: 'services/verify',
    files: /^services\/verify\//,
    imports: 'anything',
    packages: ['kysely'],
    node: 'any',
  },
  {
    name: 'services/split',
    files: /^services\/split\//,
    imports: 'anything',
    packages: ['kysely'],
    node: 'any',
  },
  {
    name: 'services/retail',
    files: /^services\/retail\//,
    imports: 'anything',
    packages: ['csv-parse'],
    node: 'any',
  },
  {
    name: 'services',
    files: /^services\//,
    imports: 'anything',
    packages: ['commander', 'fastify', '@fastify/*'],
    node: 'any',
  },
  {
    name: 'gateway',
    files: /^gateway\//,
    imports: ['gateway/', 'resilience/', 'platform/', CONTRACTS],
    packages: ['fastify', '@fastify/*', 'typebox', 'secure-json-parse', 'uuid'],
    node: [...PURE_NODE, 'http', 'net', 'stream', 'events', 'perf_hooks', 'async_hooks'],
  },
  {
    name: 'contracts',
    files: /^modules\/(?<module>[^/]+)\/contract\.ts$/,
    imports: MODULE_IMPORTS,
    packages: ['typebox'],
    node: [],
  },
  {
    name: "modules' stores and tables",
    files: /^modules\/(?<module>[^/]+)\/([^/]+-)?(store|tables)\.ts$/,
    imports: MODULE_IMPORTS,
    packages: [...MODULE_PACKAGES, 'kysely'],
    node: PURE_NODE,
  },
  {
    name: 'modules',
    files: /^modules\/(?<module>[^/]+)\//,
    imports: MODULE_IMPORTS,
    packages: MODULE_PACKAGES,
    node: PURE_NODE,
  },
  {
    name: 'operator, pure parts',
    files: /^operator\/(diagnosis|prediction)\//,
    imports: ['operator/', 'resilience/'],
    packages: [],
    node: [],
  },
  {
    name: 'operator',
    files: /^operator\//,
    imports: ['operator/', 'resilience/', 'platform/'],
    packages: ['typebox', 'uuid'],
    node: PURE_NODE,
  },
  { name: 'resilience', files: /^resilience\//, imports: ['resilience/'], packages: [], node: [] },
  {
    name: 'platform',
    files: /^platform\//,
    imports: ['platform/', 'resilience/'],
    packages: [
      '@node-rs/argon2',
      '@platformatic/kafka',
      'fastify',
      'kysely',
      'mariadb',
      'mysql2',
      'nodemailer',
      'pino',
      'prom-client',
      '@redis/client',
      'secure-json-parse',
      'typebox',
      'uuid',
    ],
    node: 'any',
  },
  {
    name: 'web',
    files: /^web\//,
    imports: ['web/', CONTRACTS],
    packages: ['react', 'react-dom', 'uplot'],
    node: [],
  },
]

/** Of these, `import type` alone is allowed. */
export const TYPES_ONLY = [{ place: 'web', imports: CONTRACTS }] as const

/** Tests beside their subject: their place's imports and these, any package, all of Node. */
export const TEST_FILE = /\.test\.tsx?$/
export const TEST_IMPORTS = ['tests/support/']

/** Lines of a file that is no test. Longer ones do more than one thing. */
export const MOST_LINES = 400
