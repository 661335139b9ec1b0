// The bytes that are built are not to depend on where the checkout is. The builder's own settings
// number modules and chunks by their paths, and choose short names by how often each letter is in
// the code, where there are still hashes of paths then.
const { SwcJsMinimizerRspackPlugin } = require("@rspack/core");

const mangle = { disableCharFreq: true };

module.exports = {
  optimization: {
    chunkIds: "natural",
    moduleIds: "natural",
    minimizer: [new SwcJsMinimizerRspackPlugin({ minimizerOptions: { mangle } })],
  },
};
