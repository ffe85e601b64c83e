"""What tests and rehearsals put in the place of the world: exchanges that are not there."""
