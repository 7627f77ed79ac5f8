#include "gate/jwk.h"
