"""Faults of students: the part that has it, and what is different from the agent of `reference_agent`."""
# ruff: noqa: E501 (each difference stays in one piece)

FAULTS = {
    # the memory
    "a window goes on beyond the flag": ("Memory", "if ended or place == newest:", "if place == newest:"),
    "a window goes on beyond the time limit": ("Memory", "terminated, terminated or truncated", "terminated, terminated"),
    "the time limit counts as the flag": (
        "Memory", "next_state, terminated, discount\n", "next_state, float(ended), discount\n",
    ),
    "the newest is overwritten": ("Memory", "self.items[self.added % self.capacity] = item", "self.items[-1] = item"),
    "nothing is added when it is full": ("Memory", "self.items[self.added % self.capacity] = item", "pass"),
    "nothing is ever forgotten": ("Memory", "if len(self.items) < self.capacity:", "if True:"),
    "its capacity is not kept": ("Memory", "self.capacity, self.n, self.gamma = capacity, n, gamma", "self.capacity, self.n, self.gamma = 10**9, n, gamma"),
    "the newest is never drawn": ("Memory", "rng.integers(len(self.items), size", "rng.integers(len(self.items) - 1, size"),
    "a window goes on from the newest to the oldest": ("Memory", "if ended or place == newest:", "if ended:"),
    "the rewards are not discounted": ("Memory", "reward_sum += discount * reward", "reward_sum += reward"),
    "the discount is that of one step": ("Memory", "discount *= self.gamma", "discount = self.gamma"),
    "the next state is that of the first step": (
        "Memory", "return state, action, reward_sum, next_state,", "return state, action, reward_sum, self.items[start][3],",
    ),
    "columns instead of vectors": ("Memory", "np.array(column, kind) for", "np.array(column, kind).reshape(size, -1) for"),
    "rewards are clipped to 0": ("Memory", "item = state, action, reward,", "item = state, action, max(reward, 0.0),"),
    # the exploration
    "epsilon is inverted": ("Exploration", "if self.rng.random() >= epsilon", "if self.rng.random() < epsilon"),
    "actions are not held": ("Exploration", "int(self.rng.integers(self.actions)), self.hold", "int(self.rng.integers(self.actions)), 1"),
    "epsilon is the chance to begin": (
        "Exploration", "epsilon / (self.hold - epsilon * (self.hold - 1))", "epsilon",
    ),
    "the worst action is greedy": ("Exploration", "np.argmax(q)", "np.argmin(q)"),
    "one action is never tried": ("Exploration", "self.rng.integers(self.actions)", "self.rng.integers(self.actions - 1)"),
    "random numbers of its own": ("Exploration", "if self.rng.random()", "if np.random.random()"),
    "held one step too long": ("Exploration", "int(self.rng.integers(self.actions)), self.hold", "int(self.rng.integers(self.actions)), self.hold + 1"),
    # the target
    "the future counts beyond the flag": ("double_target", "gamma * (1 - terminated) * value", "gamma * value"),
    "the mask is inverted": ("double_target", "gamma * (1 - terminated) * value", "gamma * terminated * value"),
    "the wrong axis": ("double_target", "argmax(axis=1)\n    value", "argmax(axis=0)\n    value"),
    "the reward at the flag is lost": (
        "double_target", "rewards + gamma * (1 - terminated) * value", "(1 - terminated) * (rewards + gamma * value)",
    ),
    # the gradient step
    "all actions learn": ("gradient_step", "tf.gather(network(states), actions, batch_dims=1)", "tf.reduce_mean(network(states), axis=1)"),
    "the best action learns": ("gradient_step", "tf.gather(network(states), actions, batch_dims=1)", "tf.reduce_max(network(states), axis=1)"),
    "uphill": ("gradient_step", "zip(gradients,", "zip([-one for one in gradients],"),
    "a table of errors": (
        "gradient_step", "keras.losses.huber(targets, estimates)", "tf.reduce_mean((targets[:, None] - estimates) ** 2)",
    ),
    "no step is taken": ("gradient_step", "optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))", "pass"),
    "a column for every row": ("gradient_step", "tf.gather(network(states), actions, batch_dims=1)", "tf.gather(network(states), actions, axis=1)"),
    "the loss is not returned": ("gradient_step", "    return loss\n", ""),
    # the update of the target network
    "the target network is never copied": ("update_target", "old.assign(0.94 * old + 0.06 * new)", "old.assign(old)"),
    "it is copied at every step": ("update_target", "old.assign(0.94 * old + 0.06 * new)", "old.assign(new)"),
    "the online network is moved": ("update_target", "old.assign(0.94 * old + 0.06 * new)", "new.assign(0.94 * new + 0.06 * old)"),
    "tau the wrong way round": ("update_target", "0.94 * old + 0.06 * new", "0.06 * old + 0.94 * new"),
    # the loop
    "the state stays": ("train", "state, total = next_state, total + reward", "total = total + reward"),
    "no reset after the time limit": ("train", "if terminated or truncated:\n                yield", "if terminated:\n                yield"),
    "the next state is that of the next episode": (
        "train", "            self.memory.add(state, action,",
        "            if terminated or truncated:\n                next_state, _ = self.env.reset()\n            self.memory.add(state, action,",
    ),
    "both endings are one": ("train", "next_state, terminated, truncated)\n            self.steps", "next_state, terminated or truncated, truncated)\n            self.steps"),
    "the networks have changed places": ("train", "self.q(next_states), next_q_target, discounts", "next_q_target, self.q(next_states), discounts"),
    "the target network is trained": ("train", "self.gradient_step(self.online,", "self.gradient_step(self.target,"),
    "epsilon never falls": ("train", "self.epsilon())", "1.0)"),
    "the target network is moved the other way": ("train", "self.update_target(self.target, self.online,", "self.update_target(self.online, self.target,"),
    "steps are not counted": ("train", "            self.steps += 1\n", ""),
    "the target network is not updated": ("train", "self.update_target(self.target, self.online, self.updates)", "pass"),
    "gradient steps are not counted": ("train", "        self.updates += 1\n", ""),
    "both values are the online network's": ("train", "q_values(self.target, next_states).numpy()", "self.q(next_states)"),
    "the values stay a tensor": ("train", "q_values(self.target, next_states).numpy()", "q_values(self.target, next_states)"),
    "steps are counted from the beginning": ("train", "for _ in range(steps):", "while self.steps < steps:"),
    "the Q-values are those of the states": ("train", "self.q(next_states)", "self.q(states)"),
}  # fmt: skip
