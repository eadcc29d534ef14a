export default {
  // Only because this app lies inside another repository with a lock file of its own.
  turbopack: { root: import.meta.dirname },
  // One for each build of the library that takes part.
  distDir: process.env.BENCH_NEXT_OUTPUT,
};
