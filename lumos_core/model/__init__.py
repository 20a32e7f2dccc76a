"""The canonical model: entities, aspects, types, identity and the algebra of records. Pure data, no I/O."""
