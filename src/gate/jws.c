#include "gate/jws.h"
