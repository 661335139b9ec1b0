// Numbers in the order of use: the builder's own come from the modules' paths, the checkout's too,
// and two checkouts would not build the same bytes.
module.exports = { optimization: { moduleIds: "natural" } };
