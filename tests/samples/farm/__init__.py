"""A package of assets, for loading: modules, lists, a source, a package inside, one asset imported twice."""
