/** Run by `npm test` with `node --experimental-vm-modules`, so that the tests are ES modules like the code. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts', '<rootDir>/src/**/__tests__/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.analytics/'],
  extensionsToTreatAsEsm: ['.ts'],
  // Packages may ship foo.ts beside foo.js: JavaScript first, so that theirs is found; ours has no .js beside a .ts.
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'ts', 'json', 'node'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^@/(.*?)(?:\\.js)?$': '<rootDir>/src/$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  reporters: ['default', '<rootDir>/test/support/witness/WitnessReporter.mjs'],
  // Each worker has Redis servers and child processes of its own; more workers would only wait for cores.
  maxWorkers: 2,
  testTimeout: 30_000,
};
