#include "gate/seal.h"
